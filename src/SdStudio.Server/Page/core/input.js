// The image that the next one starts from, and its mask.
import { signal } from '../lib.js';
import { getBlob } from './api.js';
import { suit } from './brush.js';
import { readBlob, writeBlob } from './keep.js';
import { Mask, painted, widened } from './mask.js';
import { settled } from './notices.js';
import { config } from './store.js';
import { mebibytes, t } from './text.js';

/** @typedef {{blob: Blob, url: string, image: ImageBitmap, width: number, height: number, sourceId: string|null, mask: Mask}} Input */

/** @type {import('./types').Signal<Input|null>} */
export const input = signal(null);
/** Changes with every change of the mask. */
export const maskVersion = signal(0);
/** Pixels over which the mask's edge fades. */
export const feather = signal(4);
/** What was wrong with the last image that was given. */
export const inputProblem = signal('');
/** The inputs before sides were added, for undo. @type {Input[]} */
let before = [];

const keepMask = settled(async () => writeBlob('mask', input.value ? await input.value.mask.toBlob() : null), 300);

export function changedMask() {
  maskVersion.value++;
  keepMask();
}

/** @param {Input|null} next */
function replace(next) {
  input.value = next;
  writeBlob('input', next ? { blob: next.blob, sourceId: next.sourceId } : null);
  changedMask();
}

/** @param {Blob|null} blob @param {{sourceId?: string|null, mask?: Blob|null, name?: string}} more @returns {Promise<boolean>} */
export async function setInput(blob, { sourceId = null, mask = null, name = '' } = {}) {
  inputProblem.value = '';
  if (!blob) {
    if (input.value) URL.revokeObjectURL(input.value.url);
    before = [];
    replace(null);
    return true;
  }
  const most = config.value?.limits.max_request_bytes ?? Infinity;
  if (blob.size > most) {
    inputProblem.value = t('input.tooLarge', { name: name || t('input.theImage'), size: mebibytes(blob.size), most: mebibytes(most) });
    return false;
  }
  let image;
  try {
    image = await createImageBitmap(blob);
  } catch {
    inputProblem.value = t('input.unreadable', { name: name || t('input.theImage') });
    return false;
  }
  const layer = new Mask(image.width, image.height);
  if (mask) layer.add({ kind: 'image', image: await painted(mask, image.width, image.height) });
  if (input.value) URL.revokeObjectURL(input.value.url);
  before = [];
  suit(image.width, image.height);
  replace({ blob, url: URL.createObjectURL(blob), image, width: image.width, height: image.height, sourceId, mask: layer });
  return true;
}

/** An image of this server. */
export const useImage = async image => setInput(await getBlob(`/api/images/${image.id}`), { sourceId: image.id });

/** What an earlier generation started from. @param {import('./types').Job} job */
export async function restoreInput(job) {
  const mask = job.mask_image_path ? await getBlob(`/api/generations/${job.id}/mask`) : null;
  await setInput(await getBlob(`/api/generations/${job.id}/input`), { mask });
}

export async function restoreKept() {
  const kept = await readBlob('input');
  if (kept?.blob) await setInput(kept.blob, { sourceId: kept.sourceId, mask: await readBlob('mask') ?? null });
}

// The seam is redrawn too: an edge that is kept to the pixel shows.
const overlap = 8;

/** Adds room at the sides and paints it. @param {{left?: number, top?: number, right?: number, bottom?: number}} sides */
export async function addSides({ left = 0, top = 0, right = 0, bottom = 0 }) {
  const current = input.value;
  const { width, height } = current;
  const canvas = widened(current.image, width, height, { left, top, right, bottom });
  const mask = new Mask(canvas.width, canvas.height);
  if (!current.mask.isEmpty) {
    const moved = document.createElement('canvas');
    [moved.width, moved.height] = [canvas.width, canvas.height];
    moved.getContext('2d').drawImage(current.mask.canvas, left, top);
    mask.add({ kind: 'image', image: moved });
  }
  /** @type {[number, number, number, number][]} */
  const boxes = [];
  if (left) boxes.push([0, 0, left + overlap, canvas.height]);
  if (right) boxes.push([left + width - overlap, 0, right + overlap, canvas.height]);
  if (top) boxes.push([0, 0, canvas.width, top + overlap]);
  if (bottom) boxes.push([0, top + height - overlap, canvas.width, bottom + overlap]);
  mask.add({ kind: 'rectangles', boxes });
  const blob = await new Promise(resolve => canvas.toBlob(resolve, 'image/png'));
  before.push(current);
  replace({ blob, url: URL.createObjectURL(blob), image: await createImageBitmap(canvas), width: canvas.width, height: canvas.height, sourceId: null, mask });
}

export const canUndo = () => before.length > 0 || (input.value?.mask.steps.length ?? 0) > 0;
export function undo() {
  const { mask } = input.value;
  // The painted sides are the first step of a widened image.
  if (before.length > 0 && mask.steps.at(-1)?.kind === 'rectangles') {
    replace(before.pop());
    return;
  }
  mask.undo();
  changedMask();
}
export function redo() {
  input.value?.mask.redo();
  changedMask();
}
/** @param {import('./types').MaskStep} step */
export function change(step) {
  input.value.mask.add(step);
  changedMask();
}
