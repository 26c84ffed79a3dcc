import { html, useEffect } from '../lib.js';
import { address } from '../core/api.js';
import { draft, model, problems, set } from '../core/draft.js';
import { go } from '../core/route.js';
import { loras, refreshLoras } from '../core/store.js';
import { number, t } from '../core/text.js';
import { Button, Help } from './ui.js';

/** @typedef {import('../core/types').ShelfLora} ShelfLora */

const title = lora => lora.title && lora.title !== lora.name ? `${lora.title} (${lora.name})` : lora.name;
const choose = lora => set({ loras: [...draft.value.loras.filter(other => other.name !== lora.name), { name: lora.name, weight: lora.weight ?? 1 }] });

function addWord(word) {
  const before = draft.value.prompt.trim().replace(/,$/, '');
  set({ prompt: before ? `${before}, ${word}` : word });
}

/** What calls up what it has learned: each word by itself. @param {{lora: ShelfLora}} properties */
const Words = ({ lora }) => lora.trigger_words.length > 0 && html`<div class="lora-words" role="group" aria-label=${t('loras.words', { name: lora.name })}>
  ${lora.trigger_words.map(word => html`<${Button} key=${word} kind="small" text=${word} pressed=${draft.value.prompt.includes(word)} disabled=${draft.value.prompt.includes(word)} onClick=${() => addWord(word)} />`)}</div>`;

/** LoRAs as chips with a weight that is typed or pulled; the field is there when no file is, so that people learn of them. */
export function Loras() {
  const id = model.value?.id;
  useEffect(() => { if (id) refreshLoras(id); }, [id]);
  const chosen = draft.value.loras;
  const known = loras.value ?? [];
  // Those that are certainly of no use are not offered.
  const free = known.filter(lora => !lora.problem && !chosen.some(other => other.name === lora.name));
  const change = (name, weight) => set({ loras: chosen.map(lora => lora.name === name ? { name, weight } : lora) });
  return html`<fieldset class="field wide loras"><legend class="field-head"><span>${t('field.loras')}</span><${Help} name="loras" /></legend>
    ${chosen.map(({ name, weight }) => {
      const lora = known.find(other => other.name === name);
      return html`<div class="lora-box" key=${name}><div class="lora">
        <span class="name" title=${name}>${lora?.preview_url && html`<img src=${address(lora.preview_url)} alt="" width="24" height="24" />`}${name}</span>
        <input type="range" min="-2" max="2" step="0.05" value=${weight} aria-label=${t('loras.weight', { name })} onInput=${event => change(name, Number(event.target.value))} />
        <input type="number" inputmode="decimal" min="-100" max="100" step="0.05" value=${weight} aria-label=${t('loras.weightTyped', { name })} onInput=${event => { if (event.target.value !== '') change(name, Number(event.target.value)); }} />
        <${Button} kind="quiet" icon="close" label=${t('loras.remove', { name })} onClick=${() => set({ loras: chosen.filter(lora => lora.name !== name) })} /></div>
        ${lora && html`<${Words} lora=${lora} />`}
        ${lora?.problem && html`<p class="problem">${lora.problem}</p>`}</div>`;
    })}
    ${loras.value !== null && known.length === 0 ? html`<p class="soft small">${t('loras.none')}</p>` : html`
      <select id="loras" aria-label=${t('loras.add')} value="" disabled=${free.length === 0} onChange=${event => { const lora = free.find(other => other.name === event.target.value); if (lora) choose(lora); event.target.value = ''; }}>
        <option value="">${t(known.length > 0 && free.length === 0 && chosen.length === 0 ? 'loras.noneFits' : 'loras.add')}</option>${free.map(lora => html`<option key=${lora.name} value=${lora.name}>${title(lora)}</option>`)}
      </select>`}
    ${problems.value.loras && html`<p class="problem">${problems.value.loras}</p>`}
  </fieldset>`;
}

/** @param {{lora: ShelfLora}} properties */
function LoraCard({ lora }) {
  const facts = [lora.base_model ?? lora.family, lora.weight && t('loras.advised', { value: number(lora.weight) }), lora.author, lora.license].filter(Boolean);
  return html`<li class="card lora-card" data-id=${lora.name}>
    ${lora.preview_url && html`<img class="cover" src=${address(lora.preview_url)} alt=${t('loras.preview', { name: lora.name })} loading="lazy" />`}
    <div class="card-head"><h3>${title(lora)}</h3></div>
    ${facts.length > 0 && html`<p class="soft small">${facts.join(' · ')}</p>`}
    ${lora.notes && html`<p class="notes">${lora.notes}</p>`}
    ${lora.trigger_words.length > 0 && html`<p class="small">${t('loras.trigger')} ${lora.trigger_words.map(word => html`<code key=${word}>${word}</code> `)}</p>`}
    ${lora.tags.length > 0 && html`<details><summary>${t('loras.tags')}</summary><ul class="chips">${lora.tags.slice(0, 20).map(({ tag, count }) => html`<li key=${tag}>${tag} <span class="soft">${number(count)}</span></li>`)}</ul></details>`}
    ${lora.problem ? html`<p class="soft small">${lora.problem}</p>` : html`<div class="card-actions"><div class="row"><${Button} icon="create" text=${t('model.use')} onClick=${() => { choose(lora); go('#/'); }} /></div></div>`}
  </li>`;
}

/** All of them, those that fit the chosen model first. */
export function LoraCards() {
  const id = model.value?.id;
  useEffect(() => { if (id) refreshLoras(id); }, [id]);
  const sorted = [...loras.value ?? []].sort((a, b) => (a.problem ? 1 : 0) - (b.problem ? 1 : 0));
  return html`<h2>LoRAs</h2>${sorted.length > 0 ? html`<ul class="cards">${sorted.map(lora => html`<${LoraCard} key=${lora.name} lora=${lora} />`)}</ul>` : html`<p class="soft">${t('loras.none')}</p>`}`;
}
