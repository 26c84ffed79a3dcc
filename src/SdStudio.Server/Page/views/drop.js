// Images and settings that are dropped or pasted, anywhere on the page.
import { html, useEffect, useRef, useSignal } from '../lib.js';
import { useSettings } from '../core/draft.js';
import { infotextOf, isInfotext, parse } from '../core/infotext.js';
import { inputProblem, setInput } from '../core/input.js';
import { guarded, notify } from '../core/notices.js';
import { go } from '../core/route.js';
import { t } from '../core/text.js';
import { Button } from './ui.js';

/** What came and waits for a decision. */
function Question({ found, close }) {
  const { file, infotext } = found;
  const root = useRef(null);
  useEffect(() => root.current.querySelector('button').focus(), [found]);
  const asInput = async hash => {
    close();
    if (await setInput(file, { name: file.name })) go(hash);
    else notify(inputProblem.value, { isError: true });
  };
  const keys = event => {
    if (event.key === 'Escape') {
      event.stopPropagation();
      close();
    }
  };
  return html`<div class="drop-question" ref=${root} role="dialog" aria-label=${t('drop.title')} onKeyDown=${keys}>
    ${found.url && html`<img src=${found.url} alt="" />`}
    <div><h2>${infotext && !file ? t('drop.settings') : t('drop.title')}</h2>${infotext && html`<p class="soft prompt-line">${parse(infotext).prompt}</p>`}
      <div class="row">
        ${infotext && html`<${Button} icon="again" kind="main" text=${t('drop.use')} onClick=${() => { close(); useSettings(parse(infotext)); go('#/'); }} />`}
        ${file && html`<${Button} icon="brush" kind=${infotext ? '' : 'main'} text=${t('drop.edit')} onClick=${() => asInput('#/edit')} /><${Button} icon="upscale" text=${t('upscale')} onClick=${() => asInput('#/upscale')} />`}
        <${Button} icon="close" text=${t('cancel')} onClick=${close} /></div></div>
  </div>`;
}

export function Drop() {
  const isOver = useSignal(false);
  const found = useSignal(null);
  const close = () => {
    if (found.value?.url) URL.revokeObjectURL(found.value.url);
    found.value = null;
  };
  const take = guarded(async (files, otherwise) => {
    close();
    const file = [...files].find(one => one.type.startsWith('image/'));
    if (!file) throw new Error(otherwise);
    try {
      (await createImageBitmap(file)).close();
    } catch {
      throw new Error(t('input.unreadable', { name: file.name || t('input.theImage') }));
    }
    // What the server refuses as too large is no reason not to ask.
    const infotext = await infotextOf(file).catch(() => '');
    found.value = { file, infotext: isInfotext(infotext) ? infotext : '', url: URL.createObjectURL(file) };
  });
  useEffect(() => {
    const hasFiles = event => [...event.dataTransfer?.types ?? []].includes('Files');
    let leaving;
    const over = event => {
      if (!hasFiles(event)) return;
      event.preventDefault();
      clearTimeout(leaving);
      isOver.value = true;
    };
    const leave = () => { leaving = setTimeout(() => { isOver.value = false; }, 80); };
    const drop = event => {
      isOver.value = false;
      if (!hasFiles(event)) return;
      // A browser would go to the file, and everything that was typed with it.
      event.preventDefault();
      take(event.dataTransfer.files, t('drop.noImage'));
    };
    const paste = event => {
      const text = event.clipboardData?.getData('text/plain') ?? '';
      if (event.clipboardData?.files.length > 0) {
        event.preventDefault();
        take(event.clipboardData.files, t('paste.noImage'));
      } else if (isInfotext(text)) {
        event.preventDefault();
        close();
        found.value = { file: null, infotext: text, url: '' };
      }
    };
    const listeners = { dragenter: over, dragover: over, dragleave: leave, drop, paste };
    for (const [type, listener] of Object.entries(listeners)) document.addEventListener(type, listener);
    return () => { for (const [type, listener] of Object.entries(listeners)) document.removeEventListener(type, listener); };
  }, []);
  return html`${isOver.value && html`<div class="drop-over" aria-hidden="true"><p>${t('drop.here')}</p></div>`}${found.value && html`<${Question} found=${found.value} close=${close} />`}`;
}
