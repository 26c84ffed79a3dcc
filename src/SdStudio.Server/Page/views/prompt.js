// What the image shall show: the prompt, its length in tokens, earlier prompts, and the language model's help.
import { html, useEffect, useRef, useSignal } from '../lib.js';
import { draft, forgetPrompts, generate, model, pastPrompts, problems, set, writePrompt } from '../core/draft.js';
import { settled } from '../core/notices.js';
import { config } from '../core/store.js';
import { t } from '../core/text.js';
import { countTokens, expanded } from '../core/words.js';
import { Button, Field } from './ui.js';

// Longer ones are refused anyway.
const mostCounted = 16_000;
// A count that does not come is none: the header tells when the server is away.
const countSoon = settled((text, id, around, show) => countTokens(text, id, around).then(show, () => show(null)), 350);

/** How many tokens the prompt has, of those that the model reads at once. */
function Tokens() {
  const found = useSignal(/** @type {{tokens: number, exact: boolean, at_once: number|null}|null} */ (null));
  const { prompt, styles } = draft.value;
  const id = model.value?.id;
  useEffect(() => {
    if (!prompt.trim() || prompt.length > mostCounted) found.value = null;
    else countSoon(prompt, id, styles ?? [], answer => { found.value = answer; });
  }, [prompt, id, styles]);
  if (!found.value || !prompt.trim()) return null;
  const { tokens, exact, at_once: atOnce } = found.value;
  const most = atOnce ? Math.max(1, Math.ceil(tokens / atOnce)) * atOnce : 0;
  return html`<span class="soft small" id="tokens" title=${exact ? t('tokens.about', { atOnce }) : t('tokens.estimate')}>${exact ? t('tokens.of', { tokens, most }) : t('tokens.near', { count: tokens })}</span>`;
}

/** The prompt with what is known of its length, and with what helps to write it. */
export function Prompt() {
  const area = useRef(null);
  const isOpen = useSignal(false);
  const isAsking = useSignal(false);
  const text = draft.value.prompt;
  useEffect(() => {
    area.current.style.height = 'auto';
    area.current.style.height = `${Math.min(area.current.scrollHeight + 2, innerHeight * 0.4)}px`;
  }, [text]);
  const expand = async () => {
    isAsking.value = true;
    await writePrompt(() => expanded(text), 'assistant.expanded');
    isAsking.value = false;
  };
  const keys = event => {
    // On a phone's keyboard Enter is for new lines.
    const isTouch = matchMedia('(pointer: coarse)').matches;
    if (event.key === 'Enter' && !event.shiftKey && !event.ctrlKey && !event.metaKey && !event.isComposing && !isTouch) {
      event.preventDefault();
      generate();
    }
    if (event.ctrlKey && (event.key === 'ArrowUp' || event.key === 'ArrowDown')) {
      event.preventDefault();
      weigh(event.target, event.key === 'ArrowUp' ? 0.1 : -0.1);
    }
  };
  return html`<${Field} name="prompt" wide problem=${problems.value.prompt}>${attributes => html`<div class="prompt-box">
    <textarea ref=${area} rows="3" placeholder=${t('prompt.placeholder')} value=${text} onInput=${event => set({ prompt: event.target.value })} onKeyDown=${keys} ...${attributes} id="prompt"></textarea>
    <${Tokens} /><div class="prompt-tools">
      ${config.value?.assistant && html`<${Button} kind="quiet small" icon="spark" text=${t('assistant.expand')} disabled=${!text.trim() || isAsking.value} onClick=${expand} />`}
      ${pastPrompts.value.length > 0 && html`<${Button} kind="quiet small" icon="clock" text=${t('history.prompts')} aria-expanded=${isOpen.value} onClick=${() => { isOpen.value = !isOpen.value; }} />`}</div>
    ${isOpen.value && html`<ul class="past" aria-label=${t('history.prompts')}>
      ${pastPrompts.value.map(past => html`<li key=${past}><button type="button" onClick=${() => { set({ prompt: past }); isOpen.value = false; area.current.focus(); }}>${past}</button></li>`)}
      <li key=""><button type="button" class="soft" onClick=${() => { forgetPrompts(); isOpen.value = false; area.current.focus(); }}>${t('history.forget')}</button></li>
    </ul>`}</div>`}<//>`;
}

// (words:1.1) around what is selected, or the word at the cursor.
function weigh(area, change) {
  let { selectionStart: start, selectionEnd: end, value } = area;
  if (start === end) {
    while (start > 0 && /[^\s,()]/.test(value[start - 1])) start--;
    while (end < value.length && /[^\s,()]/.test(value[end])) end++;
  }
  if (start === end) return;
  const words = value.slice(start, end);
  const outer = /\($/.test(value.slice(0, start)) && /^:(\d+(?:\.\d+)?)\)/.exec(value.slice(end));
  const weight = Math.round(((outer ? Number(outer[1]) : 1) + change) * 10) / 10;
  const from = outer ? start - 1 : start;
  const to = outer ? end + outer[0].length : end;
  const text = weight === 1 || weight <= 0 ? words : `(${words}:${weight})`;
  const shift = text === words ? 0 : 1;
  area.setRangeText(text, from, to);
  area.setSelectionRange(from + shift, from + shift + words.length);
  set({ prompt: area.value });
}
