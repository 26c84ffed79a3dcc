import { get, on, post, tell } from './api.js';
import { guarded, mib, soon } from './dom.js';

// What every part of the page knows of models: asked for once, told when it changes.
export const catalogue = { models: [], upscalers: [], memory: null, default: null, config: {}, downloads: new Map() };

export const missing = model => model.exec_mode === 'api' ? [] : model.fileStatus.files.filter(file => !file.exists);
export const canDraw = model => !model.problem && missing(model).length === 0;
export const takesPicture = model => model.capabilities.some(capability => capability === 'image-to-image' || capability === 'imgedit');
export const needsPicture = model => !model.capabilities.includes('text-to-image');

const states = { running: 'resident', starting: 'loading', stopped: 'loadable', error: 'could not be loaded' };

// One word each for what it is like, for texts and for colours.
export function kindOf(model) {
  if (catalogue.downloads.get(model.id)?.status === 'downloading') return 'downloading';
  if (missing(model).length > 0) return 'missing';
  if (model.problem && model.status !== 'running') return 'error';
  return model.exec_mode === 'api' ? 'remote' : model.status;
}
export function stateOf(model) {
  const kind = kindOf(model);
  if (kind === 'downloading') return 'is being fetched';
  if (kind === 'remote') return 'on another server';
  if (kind === 'missing') return `${missing(model).length} of ${model.fileStatus.files.length} files missing`;
  return states[kind === 'error' ? 'error' : model.status] ?? model.status;
}

export const memoryOf = model => {
  const { ram_bytes: ram, vram_bytes: vram } = model.memory;
  return ram + vram === 0 ? 'unknown until its files are here' : [ram && mib(ram), vram && `${mib(vram)} of graphics memory`].filter(Boolean).join(' and ');
};

export const refresh = guarded(async () => {
  const [answer, { upscalers }, running] = await Promise.all([get('/api/models'), get('/api/upscalers'), get('/api/models/download')]);
  // The engine may have been loading when the page was opened.
  if (!catalogue.config.samplers?.length) catalogue.config = await get('/api/config');
  Object.assign(catalogue, { models: answer.models, memory: answer.memory, default: answer.default, upscalers });
  for (const [model, state] of catalogue.downloads)
    if (state.status === 'downloading' && !running.some(download => download.downloadId === state.downloadId)) catalogue.downloads.delete(model);
  for (const download of running) catalogue.downloads.set(download.model, download);
  tell('catalogue');
});
const refreshSoon = soon(refresh);

export const download = guarded(async id => {
  const { downloadId } = await post('/api/models/download', { modelId: id });
  catalogue.downloads.set(id, { downloadId, model: id, status: 'downloading', progress: 0, bytes_downloaded: 0, total_bytes: 0 });
  tell('catalogue');
});

for (const type of ['model_status_changed', 'models_changed', 'reset']) on(type, refreshSoon);
for (const type of ['download_progress', 'download_completed', 'download_failed', 'download_cancelled'])
  on(type, state => {
    catalogue.downloads.set(state.model, state);
    if (type === 'download_progress') tell('downloading', state);
    else refreshSoon();
  });
