// Under the prompt: styles around it, what it makes as a template, presets of everything.
import { html, useEffect, useSignal } from '../lib.js';
import { asRequest, draft, problems, set, useSettings } from '../core/draft.js';
import { settled } from '../core/notices.js';
import { keepPreset, keepStyle, presets, previewTemplate, refreshWords, removePreset, styles } from '../core/words.js';
import { config } from '../core/store.js';
import { t } from '../core/text.js';
import { fieldOf, shown } from './fields.js';
import { Button, Help } from './ui.js';

const shownAtOnce = 8;

function Styles() {
  const chosen = draft.value.styles ?? [];
  const name = useSignal('');
  const free = styles.value.filter(style => !chosen.includes(style.name));
  const keep = async () => {
    await keepStyle(name.value, { prompt: draft.value.prompt, negative_prompt: draft.value.negative_prompt });
    name.value = '';
  };
  return html`<fieldset class="field wide" data-name="styles"><legend class="field-head"><span>${t('field.styles')}</span><${Help} name="styles" /></legend>
    ${chosen.length > 0 && html`<ul class="chips">${chosen.map(style => html`<li key=${style}>${style}<button type="button" class="link" aria-label=${t('styles.remove', { name: style })} onClick=${() => set({ styles: chosen.filter(other => other !== style) })}>×</button></li>`)}</ul>`}
    ${free.length > 0 && html`<select name="styles" aria-label=${t('styles.add')} value="" onChange=${event => { if (event.target.value) set({ styles: [...chosen, event.target.value] }); event.target.value = ''; }}>
      <option value="">${t('styles.add')}</option>${free.map(style => html`<option key=${style.name} value=${style.name} title=${style.prompt}>${style.name}</option>`)}</select>`}
    <div class="row tight"><input name="style_name" class="grow" value=${name.value} maxlength="100" spellcheck="false" placeholder=${t('styles.new')} aria-label=${t('styles.new')} onInput=${event => { name.value = event.target.value.trim(); }} />
      <${Button} kind="small" icon="plus" label=${t('styles.keep')} disabled=${!name.value || !draft.value.prompt} onClick=${keep} /></div>
    ${problems.value.styles && html`<p class="problem">${problems.value.styles}</p>`}
  </fieldset>`;
}

const previewSoon = settled((fields, show) => previewTemplate(fields).then(prompts => show(prompts, ''), error => show([], error.message)), 300);

function Preview() {
  const found = useSignal({ prompts: [], problem: '' });
  const { prompt, template, combinatorial, styles: around, seed, randomSeed, n } = draft.value;
  const count = combinatorial ? shownAtOnce : Math.min(shownAtOnce, Number(n) || 1);
  useEffect(() => {
    if (!template || !prompt.trim()) return;
    previewSoon({ prompt, n: Math.max(count, 3), seed: randomSeed ? 0 : Number(seed) || 0, combinatorial: combinatorial === true, styles: around ?? [] }, (prompts, problem) => { found.value = { prompts, problem }; });
  }, [prompt, template, combinatorial, around, seed, randomSeed, n]);
  if (!template || !prompt.trim()) return null;
  return html`<div class="field wide preview"><p class="small soft">${t('template.preview')}</p>
    ${found.value.problem ? html`<p class="problem">${found.value.problem}</p>` : html`<ol>${found.value.prompts.map((one, index) => html`<li key=${index}>${one.prompt}</li>`)}</ol>`}</div>`;
}

function Presets() {
  const name = useSignal('');
  const shownName = useSignal('');
  const known = presets.value.find(preset => preset.name === shownName.value);
  const keep = async () => {
    await keepPreset(name.value, asRequest());
    name.value = '';
  };
  return html`<fieldset class="field wide" data-name="presets"><legend class="field-head"><span>${t('field.preset')}</span><${Help} name="preset" /></legend>
    ${presets.value.length > 0 && html`<div class="row tight"><select name="preset" class="grow" aria-label=${t('presets.use')} value=${known?.name ?? ''} onChange=${event => {
      shownName.value = event.target.value;
      const preset = presets.value.find(other => other.name === event.target.value);
      if (preset) useSettings({ ...asRequest(), ...preset.settings });
    }}><option value="">${t('presets.use')}</option>${presets.value.map(preset => html`<option key=${preset.name} value=${preset.name}>${preset.name}</option>`)}</select>
      <${Button} kind="small" icon="trash" label=${t('presets.remove')} disabled=${!known} onClick=${() => removePreset(known.name)} /></div>`}
    <div class="row tight"><input name="preset_name" class="grow" value=${name.value} maxlength="100" spellcheck="false" placeholder=${t('presets.new')} aria-label=${t('presets.new')} onInput=${event => { name.value = event.target.value.trim(); }} />
      <${Button} kind="small" icon="plus" label=${t('presets.keep')} disabled=${!name.value} onClick=${keep} /></div>
  </fieldset>`;
}

/** A part of the form that most people open once. */
export function Words() {
  useEffect(() => { refreshWords(); }, []);
  return html`${shown('words').map(fieldOf)}<${Preview} /><${Styles} /><${Presets} />
    ${config.value && !config.value.assistant && html`<p class="soft small wide">${t('assistant.none')}</p>`}`;
}
