// What the page knows of the server: signals, filled by requests and kept fresh by the event stream. Views are functions of these.
import { batch, computed, signal } from '../lib.js';
import { api, get, post } from './api.js';
import { guarded, notify, soon } from './notices.js';

/** @typedef {import('./types').Job} Job @typedef {import('./types').Model} Model */

/** @type {import('./types').Signal<import('./types').Config|null>} */
export const config = signal(null);
/** What requests may say. @type {import('./types').Signal<import('./types').ParameterRow[]|null>} */
export const parameterTable = signal(null);
/** @type {import('./types').Signal<import('./types').Health|null>} */
export const health = signal(null);
/** connecting, open or lost. */
export const connection = signal('connecting');
/** @type {import('./types').Signal<Model[]|null>} */
export const models = signal(null);
/** @type {import('./types').Signal<import('./types').UpscalerView[]>} */
export const upscalers = signal([]);
/** @type {import('./types').Signal<import('./types').Memory|null>} */
export const memory = signal(null);
/** Upscalers that work on latents. @type {import('./types').Signal<string[]>} */
export const latentUpscalers = signal([]);
/** @type {import('./types').Signal<import('./types').ShelfLora[]|null>} */
export const loras = signal(null);
/** By the id of the model. @type {import('./types').Signal<Map<string, import('./types').Download>>} */
export const downloads = signal(new Map());
/** Those that run or wait, that ended badly, and that were looked at. @type {import('./types').Signal<Map<string, Job>>} */
export const jobs = signal(new Map());
/** When a running job last moved, by id. */
export const moved = new Map();
/** What running jobs look like, by id. @type {import('./types').Signal<Map<string, string>>} */
export const previews = signal(new Map());
export const paused = signal(false);
export const waitingCount = signal(0);
/** Whether the queue was asked for at least once. */
export const queueKnown = signal(false);

export const isActive = job => job.status === 'processing' || job.status === 'pending';
export const activeJobs = computed(() => [...jobs.value.values()].filter(isActive).sort((a, b) =>
  a.status !== b.status ? (a.status === 'processing' ? -1 : 1) : (a.position ?? 1e9) - (b.position ?? 1e9) || a.created_at - b.created_at));
export const endedJobs = computed(() => [...jobs.value.values()].filter(job => job.status === 'failed' || job.status === 'cancelled').sort((a, b) => b.updated_at - a.updated_at));
export const runningJob = computed(() => activeJobs.value.find(job => job.status === 'processing') ?? null);

// An answer may be older than an event that came meanwhile: what ended stays ended, unless it was tried again later.
function newer(known, next) {
  if (!known) return next;
  if (next.updated_at < known.updated_at) return known;
  if (next.updated_at === known.updated_at && !isActive(known) && isActive(next)) return known;
  const place = next.status === 'pending' && next.position === null ? { position: known.position, waiting_for: known.waiting_for, eta: known.eta } : {};
  return { ...next, ...place, images: next.images?.length ? next.images : known.images };
}

/** @param {...Job} changed */
export function putJobs(...changed) {
  const next = new Map(jobs.value);
  for (const job of changed) {
    const known = next.get(job.id);
    if (known?.step !== job.step || known?.phase !== job.phase || known?.progress !== job.progress) moved.set(job.id, Date.now());
    next.set(job.id, newer(known, job));
  }
  jobs.value = next;
}

export function forgetJob(id) {
  if (!jobs.value.has(id)) return;
  const next = new Map(jobs.value);
  next.delete(id);
  jobs.value = next;
}

/** An image of a job that still runs. @param {import('./types').ImageView} image */
export function putImage(image) {
  const job = jobs.value.get(image.generation_id);
  if (!job || job.images?.some(known => known.id === image.id)) return;
  jobs.value = new Map(jobs.value).set(job.id, { ...job, images: [...job.images ?? [], image].sort((a, b) => a.index_in_batch - b.index_in_batch) });
}

/** @returns {string|null} the job that had it */
export function forgetImage(id) {
  for (const job of jobs.value.values()) {
    if (!job.images?.some(image => image.id === id)) continue;
    const images = job.images.filter(image => image.id !== id);
    jobs.value = new Map(jobs.value).set(job.id, { ...job, images, image_count: images.length });
    return job.id;
  }
  return null;
}

const asked = new Map();
/** A job with its images, asked for once. @returns {Promise<Job>} */
export function fetchJob(id, { again = false } = {}) {
  const known = jobs.value.get(id);
  if (!again && known?.status === 'completed' && known.images?.length) return Promise.resolve(known);
  if (!asked.has(id)) {
    asked.set(id, get(`/api/queue/${encodeURIComponent(id)}`).then(job => {
      putJobs(job);
      return jobs.value.get(id);
    }).finally(() => asked.delete(id)));
  }
  return asked.get(id);
}

const shownEnded = 20;
const shownWaiting = 200;
let queueAsked = 0;
let queueTold = 0;
export const refreshQueue = guarded(async () => {
  const mine = ++queueAsked;
  const [running, waiting, failed, cancelled] = await Promise.all(['processing', 'pending', 'failed', 'cancelled'].map(status =>
    get(`/api/queue?status=${status}&limit=${status === 'pending' ? shownWaiting : shownEnded}`)));
  // Answers may come in another order than they were asked for.
  if (mine < queueTold) return;
  queueTold = mine;
  const listed = [...running.jobs, ...waiting.jobs, ...failed.jobs, ...cancelled.jobs];
  const ids = new Set(listed.map(job => job.id));
  // What is listed as neither running nor waiting is not, whatever was missed.
  const gone = activeJobs.value.filter(job => !ids.has(job.id));
  batch(() => {
    putJobs(...listed);
    paused.value = running.paused;
    waitingCount.value = running.stats.pending;
    queueKnown.value = true;
  });
  for (const job of gone) fetchJob(job.id, { again: true }).catch(() => forgetJob(job.id));
});
export const refreshQueueSoon = soon(refreshQueue, 200);

let modelsAsked = 0;
let modelsTold = 0;
export const refreshModels = guarded(async () => {
  const mine = ++modelsAsked;
  const [answer, known, running, latents] = await Promise.all([get('/api/models'), get('/api/upscalers'), get('/api/models/download'), get('/sdapi/v1/latent-upscale-modes')]);
  // The engine may have been loading when the page was opened.
  const isKnown = parameterTable.value?.find(row => row.name === 'sampler')?.values?.length > 0;
  const table = isKnown ? parameterTable.value : (await get('/api/parameters')).parameters;
  if (mine < modelsTold) return;
  modelsTold = mine;
  batch(() => {
    parameterTable.value = table;
    models.value = answer.models;
    memory.value = answer.memory;
    upscalers.value = known.upscalers;
    latentUpscalers.value = latents.map(({ name }) => name);
    const kept = [...downloads.value].filter(([, state]) => state.status !== 'downloading');
    downloads.value = new Map([...kept, ...running.map(download => [download.model, download])]);
  });
});
export const refreshModelsSoon = soon(refreshModels);
let lorasFor = '';
/** With what fits a model: the one that was named last. */
export const refreshLoras = guarded(async (model = lorasFor) => {
  lorasFor = model;
  const answer = await get(`/api/loras${model ? `?model=${encodeURIComponent(model)}` : ''}`);
  // Another model may have been chosen meanwhile.
  if (model === lorasFor) loras.value = answer.loras;
});
export const refreshHealth = guarded(async () => { health.value = await get('/api/health'); });

/** @param {import('./types').Download} state */
export function putDownload(state) {
  downloads.value = new Map(downloads.value).set(state.model, state);
}

export const startDownload = guarded(async id => {
  const { downloadId } = await post('/api/models/download', { modelId: id });
  putDownload({
    downloadId, model: id, status: 'downloading', progress: 0, bytes_downloaded: 0, total_bytes: 0, bytes_per_second: null, seconds_left: null, current_file: null, error: null,
  });
});
export const stopDownload = guarded(state => api('DELETE', `/api/models/download/${state.downloadId}`));

export const cancelJob = guarded(async id => putJobs((await api('DELETE', `/api/queue/${encodeURIComponent(id)}`)).job));
export const retryJob = guarded(async id => {
  const job = await post(`/api/queue/${encodeURIComponent(id)}/retry`);
  putJobs(job);
  refreshQueueSoon();
  return job;
});
export const moveJob = guarded(async (id, place) => {
  const job = await api('PATCH', `/api/queue/${encodeURIComponent(id)}`, place);
  await refreshQueue();
  return job;
});
export const setPaused = guarded(async on => { paused.value = (await post(`/api/queue/${on ? 'pause' : 'resume'}`)).paused; });
export const cancelAll = guarded(() => post('/api/queue/cancel-all'));
export const removeJob = guarded(async id => {
  await api('DELETE', `/api/generations/${encodeURIComponent(id)}`);
  forgetJob(id);
});
export const complain = error => notify(error.message, { isError: true });
