// From one image to the next.
import { neighbour, tileAt } from './history.js';
import { go, imageHash, route } from './route.js';
import { activeJobs, paused } from './store.js';

/** The image that is shown, as the address has it; the newest where it names none. */
export function shownImage() {
  const { name, parts } = route.value;
  if ((name === 'image' || name === 'job') && parts[0]) return { id: parts[0], index: name === 'image' ? Math.max(0, (Number(parts[1]) || 1) - 1) : 0 };
  const isBusy = activeJobs.value.some(job => job.status === 'processing' || !paused.value);
  const newest = name === '' && !isBusy ? tileAt(0) : null;
  return newest ? { id: newest.generation_id, index: newest.index_in_batch } : null;
}

/** @param {number} step -1 to the newer one, 1 to the older one */
export function turn(step) {
  const shown = shownImage();
  const next = shown && neighbour(shown.id, shown.index, step);
  // Each one looked at is not a place of its own to come back to.
  if (next) go(imageHash(next.generation_id, next.index_in_batch), { replace: route.value.name === 'image' });
}
