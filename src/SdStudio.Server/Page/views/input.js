import { html, useSignal } from '../lib.js';
import { makesVideo } from '../core/catalogue.js';
import { draft, isMasked, model, problems, set, writePrompt } from '../core/draft.js';
import { input, inputProblem, setInput } from '../core/input.js';
import { go } from '../core/route.js';
import { config } from '../core/store.js';
import { number, t } from '../core/text.js';
import { described } from '../core/words.js';
import { fieldOf, shown } from './fields.js';
import { Button, Field, Help, Icon, LinkButton } from './ui.js';

async function choose(event) {
  const [file] = event.target.files;
  if (file && await setInput(file, { name: file.name })) go('#/edit');
  event.target.value = '';
}

/** The image to start from: a thumbnail, what becomes of it, and the way to the editor. */
export function InputPanel() {
  const current = input.value;
  const isAsking = useSignal(false);
  const describe = async () => {
    isAsking.value = true;
    await writePrompt(() => described(input.value.blob), 'assistant.described');
    isAsking.value = false;
  };
  return html`<fieldset class="field wide input-panel"><legend class="field-head"><span>${t('input.title')}</span><${Help} name="input" /></legend>
    ${inputProblem.value && html`<p class="problem" role="alert">${inputProblem.value}</p>`}
    ${!current && html`<label class="drop button"><${Icon} name="image" /><span>${t('input.choose')}</span><input type="file" class="unseen" accept="image/*" onChange=${choose} aria-label=${t('input.choose')} /></label>`}
    ${current && html`<div class="input-row">
        <a href="#/edit" class="input-thumb" aria-label=${t('input.edit')}><img src=${current.url} alt=${t('input.title')} /></a>
        <div><p class="small">${t('input.size', { width: number(current.width), height: number(current.height) })}</p><p class="soft small">${isMasked.value ? t('input.masked') : t('input.whole')}</p>
          <div class="row"><${LinkButton} kind="small" icon="brush" text=${t('input.edit')} href="#/edit" />${config.value?.assistant && html`<${Button} kind="small" icon="spark" text=${t('assistant.describe')} disabled=${isAsking.value} onClick=${describe} />`}<${Button} kind="small" icon="close" label=${t('input.remove')} onClick=${() => setInput(null)} /></div></div>
      </div>
      ${!makesVideo(model.value) && html`<${Field} name="strength" wide problem=${problems.value.strength}>${attributes => html`<div class="slider">
        <input type="range" min="0" max="1" step="0.05" value=${draft.value.strength} onInput=${event => set({ strength: event.target.value })} ...${attributes} /><output>${number(Number(draft.value.strength))}</output></div>`}<//>`}
      ${isMasked.value && shown('mask').length > 0 && html`<div class="fields mask-fields">${shown('mask').map(fieldOf)}</div>`}`}
  </fieldset>`;
}
