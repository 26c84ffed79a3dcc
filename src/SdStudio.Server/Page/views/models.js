import { html, useEffect, useRef, useSignal } from '../lib.js';
import { address, post } from '../core/api.js';
import { canGenerate, fits, kindOf, memoryText, missing, recommended, sizeOf, timeText } from '../core/catalogue.js';
import { set } from '../core/draft.js';
import { nets, refreshNets } from '../core/guides.js';
import { bestOf } from '../core/history.js';
import { guarded } from '../core/notices.js';
import { go } from '../core/route.js';
import { downloads, memory, models, refreshModels, startDownload, upscalers } from '../core/store.js';
import { bytes, mebibytes, number, t } from '../core/text.js';
import { AddModel } from './add.js';
import { DownloadState } from './download.js';
import { People } from './guides.js';
import { LoraCards } from './loras.js';
import { Nodes } from './nodes.js';
import { Button, Empty } from './ui.js';

// A pin changes no state that an event would tell.
const act = guarded(async (model, path) => {
  await post(`/api/models/${encodeURIComponent(model.id)}/${path}`);
  await refreshModels();
});
const capabilityOf = name => ({ 'text-to-image': t('capability.text'), 'image-to-image': t('capability.image'), imgedit: t('capability.edit') })[name] ?? name;

/** Its state in words: a model that is not here yet is normal, and is told with its size. */
export function stateText(model) {
  const kind = kindOf(model);
  const size = sizeOf(model);
  const state = kind === 'missing' && missing(model).length < model.fileStatus.files.length ? t('model.incomplete', { count: missing(model).length }) : t(`model.${kind}`);
  const download = kind === 'missing' && size ? t('model.about', { size: bytes(size.bytes) }) : '';
  return [state, download, model.pinned ? t('model.pinned') : ''].filter(Boolean).join(' · ');
}

function needText(model) {
  const text = memoryText(model);
  if (text) return t(model.memory.measured ? 'model.memory.measured' : missing(model).length > 0 ? 'model.memory.about' : 'model.memory.files', { size: text });
  const size = sizeOf(model);
  return size ? t('model.memory.about', { size: bytes(size.bytes * 1.15) }) : t('model.memory.unknown');
}

/** What it can do: the image beside its file, else the best that it has made here. */
function Cover({ model }) {
  const place = useRef(null);
  const made = useSignal('');
  const own = model.card?.preview_url;
  const isMade = !own && canGenerate(model);
  useEffect(() => {
    if (!isMade) return undefined;
    // Nobody looks at the cards of a thousand models at once.
    const observer = new IntersectionObserver(async ([entry]) => {
      if (!entry.isIntersecting) return;
      observer.disconnect();
      made.value = await bestOf(model.id) ?? '';
    });
    observer.observe(place.current);
    return () => observer.disconnect();
  }, [model.id, isMade]);
  const source = own ?? made.value;
  return html`<div class="cover-place" ref=${place}>${source && html`<img class="cover" src=${address(source)} alt=${t('model.cover', { name: model.name })} />`}</div>`;
}

function Card({ model }) {
  const kind = kindOf(model);
  const state = downloads.value.get(model.id);
  const isLocal = model.exec_mode !== 'api';
  const isLoaded = model.status === 'running' || model.status === 'starting';
  const size = sizeOf(model);
  const lacks = missing(model).length > 0;
  return html`<li class="card" data-id=${model.id}>
    <${Cover} model=${model} />
    <div class="card-head"><h3>${model.name}</h3><span class=${`state ${kind}`}><i class=${`dot ${kind}`}></i>${stateText(model)}</span></div>
    ${model.description && html`<p>${model.description}</p>`}
    <p class="soft small">${[...model.capabilities.map(capabilityOf), model.default_size.replace('x', ' × '), model.quant, model.license].filter(Boolean).join(' · ')}</p>
    ${isLocal && html`<p class="small">${needText(model)} ${fits(model) === false && html`<b class="warn">${t('model.tooLarge')}</b>`}</p>`}
    ${isLocal && html`<p class="soft small">${timeText(model) ? t('model.time', { time: timeText(model) }) : t('model.time.unknown')}${model.expected_time && !model.expected_time.measured ? ` · ${t('model.time.estimated')}` : ''}</p>`}
    ${model.problem && html`<p class="problem">${model.problem}</p>`}
    ${state?.status === 'failed' && html`<p class="problem">${t('download.failed', { reason: state.error })}</p>`}
    ${model.fileStatus.files.length > 0 && html`<details><summary>${t('model.files', { count: model.fileStatus.files.length })}${size?.isExact ? ` · ${bytes(size.bytes)}` : ''}</summary>
      <ul class="files">${model.fileStatus.files.map(file => html`<li key=${file.filePath}><code>${file.filePath}</code> <span class="soft">${file.exists ? bytes(file.bytes) : t('model.fileMissing')}</span></li>`)}</ul></details>`}
    <div class="card-actions">${state?.status === 'downloading' ? html`<${DownloadState} state=${state} name=${model.name} />` : html`<div class="row">
      ${canGenerate(model) && html`<${Button} text=${t('model.use')} icon="create" onClick=${() => { set({ model: model.id, width: '', height: '' }); go('#/'); }} />`}
      ${isLocal && !isLoaded && canGenerate(model) && html`<${Button} icon="play" text=${t('model.load')} onClick=${() => act(model, 'start')} />`}
      ${isLocal && !model.pinned && canGenerate(model) && html`<${Button} icon="pin" label=${t('model.pin')} onClick=${() => act(model, 'start?pin=true')} />`}
      ${isLocal && isLoaded && html`<${Button} icon="eject" text=${t('model.unload')} onClick=${() => act(model, 'stop')} />`}
      ${lacks && model.huggingface && html`<${Button} icon="download" kind=${recommended.value[0] === model ? 'main' : ''} text=${t('model.download')} onClick=${() => startDownload(model.id)} />`}
      ${lacks && !model.huggingface && html`<p class="soft small">${t('model.byHand', { files: missing(model).map(file => file.filePath).join(', ') })}</p>`}</div>`}</div>
  </li>`;
}

/** One piece for each loaded model; what is left is free. */
function MemoryBar({ name, used, most, loaded, bytesOf }) {
  return html`<div class="memory-line"><p><b>${name}</b> <span class="soft">${t('memory.used', { used: mebibytes(used), most: mebibytes(most) })}</span></p>
    <div class="memory" role="meter" aria-label=${t('memory.label', { name })} aria-valuemin="0" aria-valuemax=${most} aria-valuenow=${used} aria-valuetext=${t('memory.used', { used: mebibytes(used), most: mebibytes(most) })}>
      ${loaded.filter(model => bytesOf(model) > 0).map(model => html`<i key=${model.id} title=${`${model.name}: ${mebibytes(bytesOf(model))}`} style=${{ width: `${Math.min(100, 100 * bytesOf(model) / most)}%` }}></i>`)}</div></div>`;
}

function MemoryBars() {
  const state = memory.value;
  const loaded = models.value.filter(model => model.status === 'running' && model.exec_mode !== 'api');
  return html`<div class="memory-bars">
    ${state.ram_budget_bytes > 0 && html`<${MemoryBar} name=${t('memory.ram')} used=${state.ram_bytes} most=${state.ram_budget_bytes} loaded=${loaded} bytesOf=${model => model.memory.ram_bytes} />`}
    ${state.vram_budget_bytes > 0 && html`<${MemoryBar} name=${t('memory.graphics')} used=${state.vram_bytes} most=${state.vram_budget_bytes} loaded=${loaded} bytesOf=${model => model.memory.vram_bytes} />`}
    <p class="soft small">${loaded.length === 0 ? t('memory.none') : t('memory.loaded', { models: loaded.map(model => model.name).join(', ') })}</p></div>`;
}

/** What the catalogue has besides models: with a state, and a button where it can be fetched. */
function Extra({ id, name, about, exists, size, license, downloadable }) {
  const state = downloads.value.get(id);
  const kind = exists ? 'stopped' : 'missing';
  return html`<li class="card" data-id=${id}><div class="card-head"><h3>${name}</h3><span class=${`state ${kind}`}><i class=${`dot ${kind}`}></i>${t(`model.${kind}`)}${!exists && size ? ` · ${t('model.about', { size: bytes(size) })}` : ''}</span></div>
    ${about && html`<p class="soft">${about}</p>`}${license && html`<p class="soft small">${license}</p>`}
    ${state?.status === 'failed' && html`<p class="problem">${t('download.failed', { reason: state.error })}</p>`}
    <div class="card-actions">${state?.status === 'downloading' ? html`<${DownloadState} state=${state} name=${name} />` : !exists && downloadable && html`<${Button} icon="download" text=${t('model.download')} onClick=${() => startDownload(id)} />`}</div></li>`;
}

const Upscalers = () => html`<h2>${t('models.upscalers')}</h2><ul class="cards">${upscalers.value.map(one =>
  html`<${Extra} key=${one.id} id=${one.id} name=${one.name} about=${one.description} exists=${one.exists} size=${one.download_bytes} license=${one.license} downloadable=${one.downloadable} />`)}</ul>`;

function ControlNets() {
  // What is downloaded or added changes the models, too.
  useEffect(() => { refreshNets(); }, [models.value]);
  return nets.value.length > 0 && html`<h2>${t('models.nets')}</h2><p class="soft small">${t('models.nets.about')}</p><ul class="cards">${nets.value.map(one =>
    html`<${Extra} key=${one.name} id=${one.id ?? one.name} name=${one.name} about=${one.description ?? one.family} exists=${one.exists} size=${one.download_bytes} license=${one.license} downloadable=${one.downloadable} />`)}</ul>`;
}

const order = { running: 0, starting: 0, stopped: 1, remote: 1, downloading: 1, error: 2, missing: 3 };

export function Models() {
  const all = models.value;
  if (all === null || !memory.value) return html`<section id="models" class="page" aria-label=${t('nav.models')}><div class="skeleton"></div><div class="skeleton tall"></div></section>`;
  const names = recommended.value.map(model => model.id);
  const rank = model => order[kindOf(model)] ?? 4;
  const place = model => names.includes(model.id) ? names.indexOf(model.id) : names.length;
  const sorted = [...all].sort((a, b) => rank(a) - rank(b) || place(a) - place(b));
  const here = sorted.filter(model => rank(model) < 3);
  const offered = sorted.filter(model => rank(model) === 3);
  return html`<section id="models" class="page" aria-label=${t('nav.models')}>
    <h2 class="unseen">${t('nav.models')}</h2><${MemoryBars} /><${Nodes} />
    ${all.length === 0 && html`<${Empty} icon="models" title=${t('models.none')}><p class="soft">${t('models.none.about')}</p><//>`}
    ${here.length > 0 && html`<h2>${t('models.ready')}</h2><ul class="cards">${here.map(model => html`<${Card} key=${model.id} model=${model} />`)}</ul>`}
    ${offered.length > 0 && html`<h2>${t('models.offered')}</h2><ul class="cards">${offered.map(model => html`<${Card} key=${model.id} model=${model} />`)}</ul>`}
    <${Upscalers} />
    <${ControlNets} />
    <${LoraCards} />
    <${AddModel} />
    <${People} />
    <p class="soft small">${t('models.add', { count: number(all.length) })}</p>
  </section>`;
}
