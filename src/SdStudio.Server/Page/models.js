import { api, get, on, post } from './api.js';
import { button, el, guarded, mib, seconds } from './dom.js';

let list;
let bar;
const downloads = new Map();

const missing = model => model.fileStatus.files.filter(file => !file.exists);
export const canDraw = model => !model.problem && (missing(model).length === 0 || model.exec_mode === 'api');
export const states = { running: 'loaded', starting: 'loading', stopped: 'not loaded', error: 'could not be loaded' };
export const stateOf = model => missing(model).length > 0 && model.exec_mode !== 'api' ? `${missing(model).length} of ${model.fileStatus.files.length} files missing` : states[model.status] ?? model.status;

export const download = guarded(async model => {
  const { downloadId } = await post('/api/models/download', { modelId: model.id });
  downloads.set(model.id, { downloadId, status: 'downloading', progress: 0, bytes_downloaded: 0, total_bytes: 0 });
  location.hash = '#models';
  draw();
});

function downloading(model, state) {
  const rest = [state.bytes_per_second ? `${mib(state.bytes_per_second)}/s` : '', seconds(state.seconds_left)].filter(Boolean).join(', ');
  return el('div', {},
    el('p', {}, `Downloading: ${mib(state.bytes_downloaded)} of ${mib(state.total_bytes)}${rest ? ` (${rest} left)` : ''}`),
    el('progress', { max: 1, value: state.progress, 'aria-label': `Download of ${model.name}` }),
    button('Stop the download', guarded(() => api('DELETE', `/api/models/download/${state.downloadId}`))));
}

function card(model) {
  const state = downloads.get(model.id);
  const isRunning = model.status === 'running';
  const local = model.exec_mode !== 'api';
  return el('li', { class: 'card' },
    el('h2', {}, model.name, ' ', el('span', { class: 'soft' }, stateOf(model))),
    el('p', { class: 'soft' }, [model.description, model.quant, model.license].filter(Boolean).join(' · ')),
    model.problem && el('p', { class: 'error' }, model.problem),
    el('p', {}, `Memory: ${mib(model.memory.ram_bytes + model.memory.vram_bytes)}${model.memory.measured ? ', measured' : ', from the files\u2019 headers'}`),
    el('details', {}, el('summary', {}, 'Files'), el('ul', {}, model.fileStatus.files.map(file =>
      el('li', {}, `${file.filePath}: ${file.exists ? mib(file.bytes) : 'missing'}`)))),
    state?.status === 'failed' && el('p', { class: 'error' }, state.error),
    state?.status === 'downloading' ? downloading(model, state) : el('div', { class: 'row' },
      local && !isRunning && canDraw(model) && button('Load', guarded(() => post(`/api/models/${model.id}/start`))),
      local && canDraw(model) && button('Load and keep', guarded(() => post(`/api/models/${model.id}/start?pin=true`))),
      local && isRunning && button('Free', guarded(() => post(`/api/models/${model.id}/stop`))),
      model.huggingface && missing(model).length > 0 && button('Download', () => download(model), { class: 'main' })));
}

const draw = guarded(async () => {
  if (!list) return;
  const { models, memory } = await get('/api/models');
  const loaded = models.filter(model => model.status === 'running' && model.exec_mode !== 'api');
  bar.replaceChildren(
    el('p', {}, loaded.length === 0 ? 'No model is loaded.' : `Loaded: ${loaded.map(model => model.name).join(', ')}`),
    ...[['RAM', memory.ram_bytes, memory.ram_budget_bytes], ['VRAM', memory.vram_bytes, memory.vram_budget_bytes]].filter(([, , most]) => most > 0).map(([name, used, most]) =>
      el('label', {}, `${name}: ${mib(used)} of ${mib(most)}`, el('meter', { min: 0, max: most, high: most * 0.9, value: used }))));
  const open = new Set([...list.querySelectorAll('details[open]')].map(details => details.closest('li').dataset.id));
  list.replaceChildren(...models.map(model => {
    const item = card(model);
    item.dataset.id = model.id;
    if (open.has(model.id)) item.querySelector('details').open = true;
    return item;
  }));
});

export function start(section) {
  bar = el('div', {});
  list = el('ul', { class: 'list' });
  section.append(bar, list);
  for (const type of ['model_status_changed', 'models_changed', 'reset']) on(type, draw);
  for (const type of ['download_progress', 'download_completed', 'download_failed', 'download_cancelled'])
    on(type, state => {
      downloads.set(state.model, state);
      if (!section.hidden || type !== 'download_progress') draw();
    });
  return draw();
}

export const shown = () => draw();
