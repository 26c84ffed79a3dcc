// What the next image is made of: kept while it is typed, checked before it is sent.
import { batch, computed, effect, signal } from '../lib.js';
import { api, get, getBlob, post } from './api.js';
import { canGenerate, defaultModel, makesVideo, needsImage, takesImage } from './catalogue.js';
import { appendGuides, guidesOf, hasGuides } from './guides.js';
import { feather, input, maskVersion, restoreInput, setInput } from './input.js';
import { read, write } from './keep.js';
import { guarded, notify, say, settled } from './notices.js';
import { everyParameter, isTaken, labelOf, parameters, problemOf, sentOf, typedOf } from './parameters.js';
import { go, jobHash } from './route.js';
import { connection, models, parameterTable, putJobs, refreshQueueSoon } from './store.js';
import { t } from './text.js';
import { controlFrames, endImage, followsFrames } from './video.js';

const keptName = 'sdstudio.draft';
const pastName = 'sdstudio.prompts';
// Fields of the server's table that are not here were not touched.
const initial = () => ({ model: '', prompt: '', negative_prompt: '', width: '', height: '', n: '1', seed: '', randomSeed: true, strength: '0.75', loras: [] });

/** @type {import('./types').Signal<any>} */
export const draft = signal({ ...initial(), ...read(keptName, {}) });
/** What is wrong, by field. @type {import('./types').Signal<Record<string, string>>} */
export const problems = signal({});
/** The field that the eye should go to; changes with each complaint. */
export const attention = signal({ name: '', times: 0 });
export const isSending = signal(false);
/** What was written before, newest first. @type {import('./types').Signal<string[]>} */
export const pastPrompts = signal(read(pastName, []));

const keep = settled(() => write(keptName, draft.value), 250);
addEventListener('pagehide', () => write(keptName, draft.value));

export function set(changes) {
  draft.value = { ...draft.value, ...changes };
  const left = Object.entries(problems.value).filter(([name]) => !(name in changes));
  if (left.length !== Object.keys(problems.value).length) problems.value = Object.fromEntries(left);
  keep();
}

export const model = computed(() => models.value?.find(known => known.id === draft.value.model) ?? defaultModel());
export const hasInput = computed(() => input.value !== null && model.value !== null && takesImage(model.value));
export const isMasked = computed(() => {
  maskVersion.value;
  return hasInput.value && !makesVideo(model.value) && !input.value.mask.isEmpty;
});
export const size = computed(() => {
  const [width, height] = (model.value?.default_size ?? '512x512').split('x');
  return { width: draft.value.width || width, height: draft.value.height || height };
});

/** What the button does, in its words. */
export const actionText = computed(() => {
  if (makesVideo(model.value)) return t(hasInput.value ? 'generate.videoFromImage' : 'generate.video');
  const count = Number(draft.value.n) || 1;
  return t(isMasked.value ? 'generate.masked' : hasInput.value ? 'generate.fromImage' : 'generate', { count });
});
/** Why it cannot be done now; empty for no reason. */
export const obstacle = computed(() => {
  const chosen = model.value;
  if (!chosen) return models.value === null ? '' : t('obstacle.noModel');
  if (!canGenerate(chosen)) return t('obstacle.files', { model: chosen.name });
  return needsImage(chosen) && !hasInput.value ? t('obstacle.image', { model: chosen.name }) : '';
});

function complain(found) {
  problems.value = found;
  const name = Object.keys(found)[0];
  if (!name) return;
  attention.value = { name, times: attention.value.times + 1 };
  say(Object.values(found)[0]);
}

// That the server does not answer is no longer so once it does.
effect(() => { if (connection.value === 'open' && problems.peek()[''] === api.unreachable()) problems.value = {}; });

function check() {
  const found = {};
  const current = draft.value;
  if (!current.prompt.trim()) found.prompt = t('problem.noPrompt');
  const { identity: whom } = guidesOf(model.value);
  if (whom && !whom.who && whom.images.length === 0) found.identity = t('identity.nobody');
  for (const parameter of everyParameter.value) {
    const { name, min, max } = parameter;
    if (name === 'seed' && current.randomSeed || !isTaken(parameter, model.value, hasInput.value)) continue;
    const kind = problemOf(parameter, current[name]);
    if (kind || (name === 'n' && current.n === '')) found[name] = t(`problem.${kind ?? 'whole'}`, { field: labelOf(name), min, max });
  }
  return found;
}

const framesOf = chosen => followsFrames(chosen) ? controlFrames.value : [];

export function request() {
  const current = draft.value;
  const chosen = model.value;
  const body = { model: chosen.id, prompt: current.prompt.trim(), size: `${size.value.width}x${size.value.height}` };
  if (!makesVideo(chosen)) body.n = Number(current.n);
  if (chosen.supports_negative_prompt && current.negative_prompt.trim()) body.negative_prompt = current.negative_prompt.trim();
  if (!current.randomSeed && current.seed !== '') body.seed = Number(current.seed);
  const isTwice = current.hires_scale || current.hires_width || current.hires_height;
  for (const parameter of parameters.value) {
    const { name, group } = parameter;
    const value = current[name];
    if (value === undefined || value === '' || !isTaken(parameter, chosen, hasInput.value) || (group === 'hires' && !isTwice)) continue;
    body[name] = sentOf(parameter, value);
  }
  if (current.loras.length > 0) body.loras = current.loras;
  if (current.styles?.length > 0) body.styles = current.styles;
  return body;
}

/** Whether the server softens the mask's edge: then what lies outside stays as it was, to the byte. */
const softensMask = () => parameterTable.value?.some(row => row.name === 'mask_blur') ?? false;

/** Fields as a form carries them. @param {Record<string, any>} fields */
function formOf(fields) {
  const data = new FormData();
  for (const [name, value] of Object.entries(fields)) data.append(name, typeof value !== 'object' ? value : typeof value[0] === 'number' ? value.join(',') : JSON.stringify(value));
  return data;
}

async function form(body) {
  const isMaskSent = hasInput.value && !makesVideo(model.value) && !input.value.mask.isEmpty;
  const data = formOf(isMaskSent && softensMask() ? { mask_blur: feather.value, ...body } : body);
  if (makesVideo(model.value)) {
    if (endImage.value) data.append('end_image', endImage.value.blob, 'end.png');
    for (const { blob, name } of framesOf(model.value)) data.append('control_frames', blob, name);
  } else {
    await appendGuides(data, model.value);
  }
  if (!hasInput.value) return data;
  if (input.value.sourceId) data.append('source_image_id', input.value.sourceId);
  else data.append('image', input.value.blob, 'image.png');
  if (makesVideo(model.value)) return data;
  data.append('strength', draft.value.strength);
  const mask = await input.value.mask.toBlob(softensMask() ? 0 : feather.value);
  if (mask) data.append('mask', mask, 'mask.png');
  return data;
}

// The server names the field first; people know it by the name in the form.
export function place(error) {
  const name = /^(\w+)( is| has|:)/.exec(error.message)?.[1];
  const field = name === 'size' ? 'width' : name === 'sample_steps' ? 'steps' : name;
  const known = ['prompt', 'negative_prompt', 'loras', 'ref_images', 'control', 'identity', 'end_image', 'control_frames'].includes(field) || everyParameter.value.some(parameter => parameter.name === field);
  complain(known ? { [field]: error.message.replace(name, labelOf(name === 'size' ? 'size' : field)) } : { '': error.message });
}

export async function sent(send) {
  isSending.value = true;
  try {
    const { job_id: id } = await send();
    const job = await get(`/api/queue/${id}`);
    putJobs(job);
    refreshQueueSoon();
    go(jobHash(id));
  } finally {
    isSending.value = false;
  }
}

export async function generate() {
  if (obstacle.value || !model.value || isSending.value) return;
  const found = check();
  complain(found);
  if (Object.keys(found).length > 0) return;
  const text = draft.value.prompt.trim();
  pastPrompts.value = [text, ...pastPrompts.value.filter(other => other !== text)].slice(0, 50);
  write(pastName, pastPrompts.value);
  try {
    const isVideo = makesVideo(model.value);
    const path = `/api/queue/${isVideo ? 'video' : hasInput.value ? 'edit' : 'generate'}`;
    const hasImages = hasInput.value || (isVideo ? endImage.value !== null || framesOf(model.value).length > 0 : hasGuides(model.value));
    await sent(async () => hasImages ? api('POST', path, await form(request())) : post(path, request()));
  } catch (error) {
    place(error);
  }
}

export function forgetPrompts() {
  pastPrompts.value = [];
  write(pastName, []);
}

/** Makes an image larger, by a factor or to a size. @param {{imageId?: string, blob?: Blob}} from */
export const upscale = guarded(async ({ imageId, blob }, upscaler, to) => {
  const data = new FormData();
  for (const [name, value] of Object.entries({ upscaler, ...to })) data.append(name, `${value}`);
  if (imageId) data.append('source_image_id', imageId);
  else data.append('image', blob, 'image.png');
  await sent(() => api('POST', '/api/queue/upscale', data));
  // An image that was brought only to be upscaled is not the input of the next generation.
  if (blob) await setInput(null);
});

const parametersOf = imageId => get(`/api/images/${imageId}/parameters`);

// What an image was made with, all but its seed, as a job of a type takes it. What was sampled by another engine may have values that this one lacks.
function settingsOf(old, type, isMasked = false) {
  const taken = parameters.value.filter(({ name, group, row }) => row.job_types.includes(type) && (group !== 'mask' || isMasked) && (!row.values || row.values.includes(old[name])));
  const names = ['model', 'prompt', 'negative_prompt', 'loras', ...taken.map(({ name }) => name), ...isMasked ? ['mask_blur'] : []];
  return Object.fromEntries(names.filter(name => old[name] !== undefined && old[name] !== null && old[name] !== '').map(name => [name, old[name]]));
}

/** Something like an image, nearer to it or farther. @param {number} strength */
export const vary = guarded(async (image, strength) => {
  const body = { ...settingsOf(await parametersOf(image.id), 'variation'), size: `${image.width}x${image.height}`, source_image_id: image.id, strength };
  await sent(() => post('/api/queue/variation', body));
});

/** The same settings once more, with another seed; what is being typed stays as it is. @param {import('./types').Job} job */
export const another = guarded(async (job, image) => {
  const old = await parametersOf(image.id);
  if (!job.input_image_path) {
    await sent(() => post('/api/queue/generate', { ...settingsOf(old, 'generate'), size: old.size }));
    return;
  }
  const mask = job.mask_image_path ? await getBlob(`/api/generations/${job.id}/mask`) : null;
  // Sides that were added are part of the size that came of it.
  const data = formOf({ ...settingsOf(old, 'edit', mask !== null), strength: old.strength, ...old.extend ? { extend: old.extend } : { size: old.size } });
  data.append('image', await getBlob(`/api/generations/${job.id}/input`), 'image.png');
  if (mask) data.append('mask', mask, 'mask.png');
  await sent(() => api('POST', `/api/queue/${old.type === 'variation' ? 'variation' : 'edit'}`, data));
});

function replaced(changes, text) {
  const before = draft.value;
  batch(() => set(changes));
  notify(text, { action: { text: t('undo'), run: () => set(before) } });
}

/** Puts words of the language model in place of the prompt, and back again. @param {() => Promise<string>} ask */
export const writePrompt = guarded(async (ask, text) => replaced({ prompt: await ask() }, t(text)));

// LoRAs in the words of others are chips here.
const loraTag = /\s*<lora:([^:>]+)(?::(-?[\d.]+))?[^>]*>/g;

// The fields of a request, or those of an image, as the form has them.
function draftOf(fields) {
  const [width, height] = fields.size?.split('x') ?? ['', ''];
  const loras = [...fields.loras ?? []];
  const prompt = (fields.prompt ?? '').replace(loraTag, (_, name, weight) => {
    loras.push({ name, weight: Number(weight ?? 1) });
    return '';
  });
  /** @type {Record<string, any>} */
  const changes = {
    prompt, negative_prompt: fields.negative_prompt ?? '', width, height, seed: `${fields.seed ?? ''}`, randomSeed: fields.seed === undefined, loras, styles: fields.styles ?? [],
    strength: `${fields.strength ?? 0.75}`, ...Object.fromEntries(parameters.value.map(parameter => [parameter.name, typedOf(parameter, fields[parameter.name])])),
  };
  if (fields.model) changes.model = fields.model;
  // An image has the size of its second pass, the form asks for how many times the first.
  if (fields.hires_width && !fields.hires_scale) Object.assign(changes, { hires_scale: `${Math.round(100 * fields.hires_width / Number(width)) / 100}`, hires_width: undefined, hires_height: undefined });
  else if (!fields.hires_scale) for (const { name, group } of parameters.value) if (group === 'hires') changes[name] = undefined;
  return changes;
}

/** Puts the settings of an image into the form; nothing is generated. @param {'all'|'prompt'|'seed'} what */
export const reuse = guarded(async (job, image, what) => {
  const old = await parametersOf(image.id);
  if (what === 'seed') {
    replaced({ seed: old.seed, randomSeed: false }, t('reused.seed'));
  } else if (what === 'prompt') {
    replaced({ prompt: old.prompt, negative_prompt: old.negative_prompt ?? '' }, t('reused.prompt'));
  } else {
    replaced({ ...initial(), ...draftOf(old), randomSeed: false, n: '1' }, t('reused.all'));
    if (old.mask_blur !== undefined && old.mask_blur !== null) feather.value = old.mask_blur;
    if (job.input_image_path) await restoreInput(job);
    else await setInput(null);
  }
});

/** What the form says, as presets keep it. */
export function asRequest() {
  const { n: _, seed: __, ...body } = request();
  return body;
}

/** The fields of a request that came from elsewhere. */
export const useSettings = request => replaced({ ...initial(), model: draft.value.model, ...draftOf(request) }, t('reused.all'));
