// How the canvas is looked at: fitted, or at a scale and a place of one's own. Kept beside the image, so that it survives a change of view.
import { computed, signal } from '../lib.js';

/** The canvas's own size, CSS pixels. */
export const box = signal({ width: 0, height: 0 });
/** The size of what it shows, image pixels. */
export const content = signal({ width: 1, height: 1 });
/** Null while it is fitted. @type {import('./types').Signal<{scale: number, x: number, y: number}|null>} */
const free = signal(null);

// Small images are enlarged this much at most: more shows nothing new.
const mostZoom = 4;
const margin = 12;
const [least, most] = [0.05, 32];

export const fitScale = computed(() => {
  const { width, height } = content.value;
  return Math.max(least, Math.min((box.value.width - 2 * margin) / width, (box.value.height - 2 * margin) / height, mostZoom));
});
export const isFitted = computed(() => free.value === null);
export const view = computed(() => {
  if (free.value) return free.value;
  const scale = fitScale.value;
  return { scale, x: (box.value.width - content.value.width * scale) / 2, y: (box.value.height - content.value.height * scale) / 2 };
});

export const fit = () => { free.value = null; };

/** Another scale, with the place that is pointed at staying where it is. */
export function zoomTo(scale, x = box.value.width / 2, y = box.value.height / 2) {
  const before = view.value;
  const next = Math.max(least, Math.min(most, scale));
  const ratio = next / before.scale;
  free.value = { scale: next, x: x - (x - before.x) * ratio, y: y - (y - before.y) * ratio };
}
export const zoomBy = (factor, x = undefined, y = undefined) => zoomTo(view.value.scale * factor, x, y);
export const actualSize = () => zoomTo(1 / devicePixelRatio);

export function pan(dx, dy) {
  const { scale, x, y } = view.value;
  // A corner of it stays in sight.
  const keep = 40;
  const clamp = (value, length, room) => Math.max(keep - length * scale, Math.min(room - keep, value));
  free.value = { scale, x: clamp(x + dx, content.value.width, box.value.width), y: clamp(y + dy, content.value.height, box.value.height) };
}

/** What is shown is another thing now: fitted, unless it is of the same size. */
export function show(width, height) {
  if (content.value.width === width && content.value.height === height) return;
  content.value = { width, height };
  free.value = null;
}
