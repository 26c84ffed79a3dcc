// What somebody sees who has no image yet.
import { html } from '../lib.js';
import { budget, canGenerate, memoryText, recommended, sizeOf, timeText } from '../core/catalogue.js';
import { model, set } from '../core/draft.js';
import { downloads, health, startDownload } from '../core/store.js';
import { bytes, mebibytes, t } from '../core/text.js';
import { DownloadState } from './download.js';
import { Button, LinkButton } from './ui.js';

const examples = {
  demo: ['a red circle on a blue background', 'a large green cross on a white background', 'a small yellow square on the left'],
  other: ['a lighthouse on a cliff at dusk, oil painting', 'portrait of a fox in a raincoat, 35 mm photograph', 'isometric tiny bookshop, soft light'],
};

const Examples = () => html`<div class="examples">${(examples[model.value?.id] ?? examples.other).map(text => html`<${Button} key=${text} text=${text} onClick=${() => { set({ prompt: text }); document.getElementById('prompt')?.focus(); }} />`)}</div>`;

function Recommendation({ model: known, isBest }) {
  const size = sizeOf(known);
  const state = downloads.value.get(known.id);
  return html`<li class=${`card ${isBest ? 'best' : ''}`} data-id=${known.id}>
    ${isBest && html`<span class="ribbon">${t('first.best')}</span>`}
    <h3>${known.name}</h3><p>${known.description}</p>
    <dl class="pairs">${size && html`<div><dt>${t('first.download')}</dt><dd>${t('about', { size: bytes(size.bytes) })}</dd></div><div><dt>${t('first.memory')}</dt><dd>${t('about', { size: memoryText(known) ?? bytes(size.bytes * 1.15) })}</dd></div>`}
      <div><dt>${t('first.time')}</dt><dd>${timeText(known) ?? t('first.time.unknown')}</dd></div>
      ${known.license && html`<div><dt>${t('first.license')}</dt><dd>${known.license}</dd></div>`}<div><dt>${t('fact.size')}</dt><dd>${known.default_size.replace('x', ' × ')}</dd></div></dl>
    <div class="card-actions">${state?.status === 'failed' && html`<p class="problem">${t('download.failed', { reason: state.error })}</p>`}
      ${state?.status === 'downloading' ? html`<${DownloadState} state=${state} name=${known.name} />` : html`<${Button} kind=${isBest ? 'main' : ''} icon="download" text=${t('model.download')} onClick=${() => { set({ model: known.id, width: '', height: '' }); startDownload(known.id); }} />`}</div>
  </li>`;
}

export function FirstRun() {
  const device = health.value?.devices?.[0];
  return html`<div class="stage first-run"><div class="first-scroll">
    <h2>${t('first.title')}</h2>
    <p class="soft">${[budget.value > 0 && t('first.budget', { size: mebibytes(budget.value) }), device && t('first.device', { device })].filter(Boolean).join(' · ')}</p>
    ${recommended.value.length > 0 && html`<ul class="cards">${recommended.value.map((known, index) => html`<${Recommendation} key=${known.id} model=${known} isBest=${index === 0} />`)}</ul>`}
    <p><${LinkButton} icon="models" text=${t('first.all')} href="#/models" /></p>
    ${model.value && canGenerate(model.value) && html`<div class="demo-box"><h3>${t('first.demo')}</h3><p class="soft">${t('first.demo.about')}</p><${Examples} /></div>`}
  </div></div>`;
}

export const Welcome = () => html`<div class="stage first-run"><div class="first-scroll welcome"><h2>${t('welcome.title')}</h2><p class="soft">${t('welcome.about')}</p><${Examples} /></div></div>`;
