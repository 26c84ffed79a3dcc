// Images and settings that are dropped or pasted, anywhere on the page.
import { html, useEffect, useRef, useSignal } from '../lib.js';
import { useSettings } from '../core/draft.js';
import { importImages, isSettings, readFile, readText } from '../core/infotext.js';
import { inputProblem, setInput } from '../core/input.js';
import { guarded, notify } from '../core/notices.js';
import { go } from '../core/route.js';
import { t } from '../core/text.js';
import { Button } from './ui.js';

/** @typedef {{files: File[], settings: import('../core/infotext.js').FoundSettings|null, url: string}} Found */

const takeIn = guarded(async files => {
  const { imported, known, problems } = await importImages(files);
  if (imported > 0 || known === 0) notify(t('imported', { count: imported }));
  else notify(t('imported.known'));
  for (const { file, problem } of problems.slice(0, 3)) notify(t('imported.failed', { file, problem }), { isError: true });
});

/** What came and waits for a decision. @param {{found: Found, close: () => void}} properties */
function Question({ found, close }) {
  const { files, settings } = found;
  const [file] = files;
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
    <div><h2>${files.length === 0 ? t('drop.settings') : files.length > 1 ? t('drop.several', { count: files.length }) : t('drop.title')}</h2>
      ${settings && html`<p class="soft prompt-line">${settings.request.prompt}</p>${settings.ignored.length > 0 && html`<p class="soft small">${t('drop.ignored', { names: settings.ignored.join(', ') })}</p>`}`}
      <div class="row">
        ${settings && html`<${Button} icon="again" kind="main" text=${t('drop.use')} onClick=${() => { close(); useSettings(settings.request); go('#/'); }} />`}
        ${files.length === 1 && html`<${Button} icon="brush" kind=${settings ? '' : 'main'} text=${t('drop.edit')} onClick=${() => asInput('#/edit')} /><${Button} icon="upscale" text=${t('upscale')} onClick=${() => asInput('#/upscale')} />`}
        ${files.length > 0 && html`<${Button} icon="gallery" kind=${files.length > 1 ? 'main' : ''} text=${t('drop.import')} onClick=${() => { close(); takeIn(files); }} />`}
        <${Button} icon="close" text=${t('cancel')} onClick=${close} /></div></div>
  </div>`;
}

export function Drop() {
  const isOver = useSignal(false);
  const found = useSignal(/** @type {Found|null} */ (null));
  const close = () => {
    if (found.value?.url) URL.revokeObjectURL(found.value.url);
    found.value = null;
  };
  const take = guarded(async (files, otherwise) => {
    close();
    const images = [...files].filter(one => one.type.startsWith('image/'));
    const [file] = images;
    if (!file) throw new Error(otherwise);
    if (images.length > 1) {
      found.value = { files: images, settings: null, url: URL.createObjectURL(file) };
      return;
    }
    try {
      (await createImageBitmap(file)).close();
    } catch {
      throw new Error(t('input.unreadable', { name: file.name || t('input.theImage') }));
    }
    found.value = { files: images, settings: await readFile(file), url: URL.createObjectURL(file) };
  });
  const takeText = guarded(async text => { found.value = { files: [], settings: await readText(text), url: '' }; });
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
      } else if (isSettings(text)) {
        event.preventDefault();
        close();
        takeText(text);
      }
    };
    const listeners = { dragenter: over, dragover: over, dragleave: leave, drop, paste };
    for (const [type, listener] of Object.entries(listeners)) document.addEventListener(type, listener);
    return () => { for (const [type, listener] of Object.entries(listeners)) document.removeEventListener(type, listener); };
  }, []);
  return html`${isOver.value && html`<div class="drop-over" aria-hidden="true"><p>${t('drop.here')}</p></div>`}${found.value && html`<${Question} found=${found.value} close=${close} />`}`;
}
