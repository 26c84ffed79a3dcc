import { api, on, post } from './api.js';
import { button, el, guarded, mib, seconds } from './dom.js';
import { canDraw, catalogue, download, kindOf, memoryOf, missing, refresh, stateOf } from './catalogue.js';

let list;
let bars;
let extra;

/** How far a download is, with what stops it. */
export function downloading(state, name) {
  const element = el('div', { class: 'download' }, el('p', { class: 'soft' }), el('progress', { max: 1, value: 0, 'aria-label': `Download of ${name}` }), el('p', { class: 'soft small' }),
    button('Stop the download', guarded(() => api('DELETE', `/api/models/download/${state.downloadId}`)), { icon: 'close', class: 'small' }));
  tellDownload(element, state);
  return element;
}

/** Whoever is on the button that stops it stays there. */
export function tellDownload(element, state) {
  const rest = [state.bytes_per_second ? `${mib(state.bytes_per_second)}/s` : 'waits', state.seconds_left ? `${seconds(state.seconds_left)} left` : ''].filter(Boolean).join(', ');
  const [text, file] = element.querySelectorAll('p');
  text.textContent = state.total_bytes ? `${mib(state.bytes_downloaded)} of ${mib(state.total_bytes)} · ${rest}` : 'Asking the hub for the files';
  file.textContent = state.current_file ?? '';
  element.querySelector('progress').value = state.progress;
}

const act = (model, path) => guarded(() => post(`/api/models/${model.id}/${path}`));

function actions(model) {
  const isLoaded = model.status === 'running' || model.status === 'starting';
  const local = model.exec_mode !== 'api';
  return el('div', { class: 'row' },
    local && !isLoaded && canDraw(model) && button('Start', act(model, 'start'), { icon: 'play' }),
    local && !model.pinned && canDraw(model) && button('Pin', act(model, 'start?pin=true'), { icon: 'pin', title: 'Load it and keep it loaded until it is stopped' }),
    local && isLoaded && button('Stop', act(model, 'stop'), { icon: 'close' }),
    model.huggingface && missing(model).length > 0 && button('Download', () => download(model.id), { icon: 'download', class: 'main' }));
}

function card(model) {
  const state = catalogue.downloads.get(model.id);
  const bytes = model.fileStatus.files.reduce((sum, file) => sum + (file.bytes ?? 0), 0);
  const item = el('li', { class: 'card' },
    el('div', { class: 'titled' }, el('h2', {}, model.name), el('span', { class: `state ${kindOf(model)}` }, model.pinned ? `${stateOf(model)}, pinned` : stateOf(model))),
    model.description && el('p', {}, model.description),
    el('p', { class: 'soft small' }, [model.capabilities.map(capability => ({ 'text-to-image': 'from words', 'image-to-image': 'from pictures', imgedit: 'edits as told' })[capability] ?? capability).join(', '),
      model.default_size.replace('x', ' × '), model.quant, model.license].filter(Boolean).join(' · ')),
    model.problem && el('p', { class: 'error' }, model.problem),
    model.exec_mode !== 'api' && el('p', {}, `Memory needed: ${memoryOf(model)}`, el('span', { class: 'soft' }, model.memory.ram_bytes + model.memory.vram_bytes > 0 ? (model.memory.measured ? ', as measured' : ', as its files say') : '')),
    model.fileStatus.files.length > 0 && el('details', {}, el('summary', {}, `${model.fileStatus.files.length} files, ${bytes ? `${mib(bytes)} on the disk` : 'none here yet'}`), el('ul', { class: 'files' }, model.fileStatus.files.map(file =>
      el('li', {}, el('code', {}, file.filePath), ' ', el('span', { class: file.exists ? 'soft' : 'error' }, file.exists ? mib(file.bytes) : 'missing'))))),
    state?.status === 'failed' && el('p', { class: 'error' }, `The download failed: ${state.error}`),
    state?.status === 'downloading' ? downloading(state, model.name) : actions(model));
  item.dataset.id = model.id;
  return item;
}

// One piece for each loaded model; what is left is free.
function memoryBar(name, used, most, loaded, bytesOf) {
  const pieces = loaded.filter(model => bytesOf(model) > 0).map(model => {
    const piece = el('i', { title: `${model.name}: ${mib(bytesOf(model))}` });
    piece.style.width = `${Math.min(100, 100 * bytesOf(model) / most)}%`;
    return piece;
  });
  return el('div', {}, el('p', {}, el('b', {}, name), el('span', { class: 'soft' }, ` ${mib(used)} of ${mib(most)} that models may take`)),
    el('div', { class: 'memory', role: 'meter', 'aria-label': `${name} that loaded models take`, 'aria-valuemin': 0, 'aria-valuemax': most, 'aria-valuenow': used, 'aria-valuetext': `${mib(used)} of ${mib(most)}` }, pieces));
}

function drawBars() {
  const { models, memory } = catalogue;
  const loaded = models.filter(model => model.status === 'running' && model.exec_mode !== 'api');
  bars.replaceChildren(
    ...[['RAM', memory.ram_bytes, memory.ram_budget_bytes, model => model.memory.ram_bytes], ['Graphics memory', memory.vram_bytes, memory.vram_budget_bytes, model => model.memory.vram_bytes]]
      .filter(([, , most]) => most > 0).map(([name, used, most, bytesOf]) => memoryBar(name, used, most, loaded, bytesOf)),
    el('p', { class: 'soft' }, loaded.length === 0 ? 'No model is resident. The first picture loads one.' : `Resident: ${loaded.map(model => `${model.name} (${memoryOf(model)})`).join(', ')}`));
}

function draw() {
  if (!list) return;
  drawBars();
  const opened = new Set([...list.querySelectorAll('details[open]')].map(details => details.closest('li').dataset.id));
  const focused = document.activeElement?.closest?.('#models li')?.dataset.id;
  const order = { running: 0, starting: 0, stopped: 1, remote: 1, downloading: 1, error: 2, missing: 3 };
  list.replaceChildren(...[...catalogue.models].sort((a, b) => order[kindOf(a)] - order[kindOf(b)]).map(card));
  for (const item of list.children) {
    if (opened.has(item.dataset.id)) item.querySelector('details').open = true;
    // A button that did its work may be another one now.
    if (item.dataset.id === focused) item.querySelector('.row button, .download button')?.focus();
  }
  extra.replaceChildren(...catalogue.upscalers.map(upscaler => {
    const state = catalogue.downloads.get(upscaler.id);
    return el('li', { class: 'card', 'data-id': upscaler.id }, el('div', { class: 'titled' }, el('h3', {}, upscaler.name), el('span', { class: `state ${upscaler.exists ? 'stopped' : 'missing'}` }, upscaler.exists ? 'ready' : 'file missing')),
      upscaler.description && el('p', { class: 'soft' }, upscaler.description),
      state?.status === 'failed' && el('p', { class: 'error' }, `The download failed: ${state.error}`),
      state?.status === 'downloading' ? downloading(state, upscaler.name) : !upscaler.exists && upscaler.downloadable && button('Download', () => download(upscaler.id), { icon: 'download' }));
  }));
}

export function start(section) {
  bars = el('div', { class: 'card bars' });
  list = el('ul', { class: 'list cards' });
  extra = el('ul', { class: 'list cards' });
  section.append(bars, list, el('h2', { class: 'space' }, 'Upscalers'), extra);
  on('catalogue', draw);
  on('downloading', state => {
    const place = section.querySelector(`[data-id="${CSS.escape(state.model)}"] .download`);
    if (place) tellDownload(place, state);
    else draw();
  });
  draw();
}

export const shown = () => refresh();
