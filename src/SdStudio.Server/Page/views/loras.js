import { html } from '../lib.js';
import { draft, problems, set } from '../core/draft.js';
import { loras } from '../core/store.js';
import { t } from '../core/text.js';
import { Button, Help } from './ui.js';

/** LoRAs as chips with a weight that is typed or pulled; the field is there when no file is, so that people learn of them. */
export function Loras() {
  const chosen = draft.value.loras;
  const free = (loras.value ?? []).filter(lora => !chosen.some(other => other.name === lora.name));
  const change = (name, weight) => set({ loras: chosen.map(lora => lora.name === name ? { name, weight } : lora) });
  return html`<fieldset class="field wide loras"><legend class="field-head"><span>${t('field.loras')}</span><${Help} name="loras" /></legend>
    ${chosen.map(({ name, weight }) => html`<div class="lora" key=${name}>
      <span class="name" title=${name}>${name}</span>
      <input type="range" min="-2" max="2" step="0.05" value=${weight} aria-label=${t('loras.weight', { name })} onInput=${event => change(name, Number(event.target.value))} />
      <input type="number" inputmode="decimal" min="-100" max="100" step="0.05" value=${weight} aria-label=${t('loras.weightTyped', { name })} onInput=${event => { if (event.target.value !== '') change(name, Number(event.target.value)); }} />
      <${Button} kind="quiet" icon="close" label=${t('loras.remove', { name })} onClick=${() => set({ loras: chosen.filter(lora => lora.name !== name) })} />
    </div>`)}
    ${loras.value !== null && loras.value.length === 0 ? html`<p class="soft small">${t('loras.none')}</p>` : html`
      <select id="loras" aria-label=${t('loras.add')} value="" disabled=${free.length === 0} onChange=${event => { if (event.target.value) set({ loras: [...chosen, { name: event.target.value, weight: 1 }] }); event.target.value = ''; }}>
        <option value="">${t('loras.add')}</option>${free.map(lora => html`<option key=${lora.name} value=${lora.name}>${lora.name}</option>`)}
      </select>`}
    ${problems.value.loras && html`<p class="problem">${problems.value.loras}</p>`}
  </fieldset>`;
}
