// What follows from what the server says of models.
import { computed } from '../lib.js';
import { config, downloads, memory, models } from './store.js';
import { mebibytes, seconds, t } from './text.js';

/** @typedef {import('./types').Model} Model */

/** @param {Model} model */
export const missing = model => model.exec_mode === 'api' ? [] : model.fileStatus.files.filter(file => !file.exists);
/** @param {Model} model */
export const canGenerate = model => !model.problem && missing(model).length === 0;
export const takesImage = model => model.capabilities.some(capability => capability === 'image-to-image' || capability === 'image-to-video' || capability === 'imgedit');
export const needsImage = model => !model.capabilities.some(capability => capability.startsWith('text-to-'));
/** @param {Model|null} model */
export const makesVideo = model => model?.makes_videos === true;

/** One word for what it is like. @param {Model} model */
export function kindOf(model) {
  if (downloads.value.get(model.id)?.status === 'downloading') return 'downloading';
  if (missing(model).length > 0) return 'missing';
  if (model.problem && model.status !== 'running') return 'error';
  return model.exec_mode === 'api' ? 'remote' : model.status;
}

/** What its files take: exact when they are here; null where nobody tells. @param {Model} model @returns {{bytes: number, isExact: boolean}|null} */
export function sizeOf(model) {
  const { files } = model.fileStatus;
  const bytes = files.reduce((sum, file) => sum + (file.bytes ?? 0), 0);
  if (files.length > 0 && files.every(file => file.exists)) return { bytes, isExact: true };
  return model.download_bytes ? { bytes: bytes + model.download_bytes, isExact: false } : null;
}

/** What it needs loaded: measured or read from its files when they are here. @param {Model} model */
export function memoryText(model) {
  const { ram_bytes: ram, vram_bytes: vram } = model.memory;
  if (ram + vram > 0) return [ram && mebibytes(ram), vram && t('memory.vram', { size: mebibytes(vram) })].filter(Boolean).join(' + ');
  return null;
}

/** How long an image takes, once the model is loaded; null where nobody knows yet. @param {Model} model */
export const timeText = ({ expected_time: time }) => !time ? null : time.measured ? seconds(time.seconds) : t('about', { size: seconds(time.seconds) });

/** The most that models may take on this machine, bytes. */
export const budget = computed(() => memory.value ? Math.max(memory.value.ram_budget_bytes, memory.value.vram_budget_bytes) : 0);

/** Whether it fits into this machine: true, false, or null where its size is not known. @param {Model} model */
export function fits(model) {
  if (model.fits) return model.fits !== 'no';
  const size = sizeOf(model);
  if (budget.value === 0 || !size) return null;
  const needed = model.memory.ram_bytes + model.memory.vram_bytes || size.bytes * 1.15;
  return needed <= Math.max(budget.value, memory.value.ram_budget_bytes + memory.value.vram_budget_bytes);
}

// What takes longer for an image is not what somebody wants to begin with.
const patience = 600;
/** @param {Model} model */
const waitFor = ({ expected_time: time }) => time && time.seconds > patience ? time.seconds : 0;

/** What a newcomer is offered, best first: the better ones, on a slow machine the faster ones. @returns {Model[]} */
export const recommended = computed(() => {
  const order = ['z-image-turbo', 'flux2-klein-4b', 'sdxl', 'sd15', 'flux1-schnell', 'qwen-image'];
  const rank = model => order.indexOf(model.id) < 0 ? order.length : order.indexOf(model.id);
  return (models.value ?? []).filter(model => model.huggingface && !needsImage(model) && !makesVideo(model) && fits(model) !== false).sort((a, b) => waitFor(a) - waitFor(b) || rank(a) - rank(b)).slice(0, 3);
});

/** Nothing but the demo can generate: somebody is here for the first time. */
export const isFirstRun = computed(() => models.value !== null && !models.value.some(model => model.id !== 'demo' && canGenerate(model)));

export const defaultModel = () => models.value?.find(model => model.id === config.value?.model) ?? models.value?.[0] ?? null;
