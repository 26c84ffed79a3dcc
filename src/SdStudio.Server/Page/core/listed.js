// Stars, ratings, tags and boards of images, whether a list has them or not.
import { signal } from '../lib.js';
import { get } from './api.js';
import { listed } from './history.js';
import { guarded, soon } from './notices.js';

/** @typedef {import('./types').ListedImage} ListedImage @typedef {import('./types').ImageView} ImageView */

/** @type {import('./types').Signal<import('./types').Board[]>} */
export const boards = signal([]);
export const refreshBoards = guarded(async () => { boards.value = (await get('/api/boards')).boards; });
/** The most used first. @type {import('./types').Signal<{tag: string, images: number}[]>} */
export const tags = signal([]);
export const refreshTags = guarded(async () => { tags.value = (await get('/api/images/tags')).tags; });
export const refreshMarksSoon = soon(() => Promise.all([refreshBoards(), refreshTags()]));
export const boardName = id => boards.value.find(board => board.id === id)?.name ?? '';

const found = signal(/** @type {Map<string, ListedImage>} */ (new Map()));
const asked = new Set();

/** An image changed somewhere. @param {ListedImage} image */
export function noticed(image) {
  if (found.value.has(image.id)) found.value = new Map(found.value).set(image.id, image);
}

// Who came by a link looks at an image that no list has yet; its seed finds it.
const find = guarded(async image => {
  const { images } = await get(`/api/images?seed=${image.seed}&limit=200`);
  const one = images.find(other => other.id === image.id);
  if (one) found.value = new Map(found.value).set(one.id, one);
});

/** An image as lists have it; null until that is known. @param {ImageView} image @returns {ListedImage|null} */
export function listedOf(image) {
  const known = listed(image) ?? found.value.get(image.id) ?? null;
  if (!known && !asked.has(image.id)) {
    asked.add(image.id);
    find(image);
  }
  return known;
}
