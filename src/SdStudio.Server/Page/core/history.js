// The images of this server as a list of which only what was looked at is known.
// This is the only place that knows how the server lists images.
import { computed, signal } from '../lib.js';
import { api, get } from './api.js';
import { guarded, notify, say, soon } from './notices.js';
import { forgetImage, jobs } from './store.js';
import { t } from './text.js';

/** @typedef {import('./types').ListedImage} ListedImage */

const pageSize = 100;
const undoFor = 7000;
const atOnce = 4;

/** What a search may say, as the address and the server have it. */
export const filterNames = ['q', 'model', 'type', 'board', 'tag', 'starred', 'rating', 'sort'];
/** @type {import('./types').Signal<Record<string, string>>} */
export const filter = signal({});
export const query = computed(() => filter.value.q ?? '');
/** How many searches there were: each begins at its first image. */
export const searches = signal(0);
/** Whether the list was asked for at least once. */
export const isLoaded = signal(false);
/** Images that are selected, by their ids. @type {import('./types').Signal<Map<string, ListedImage>>} */
export const selection = signal(new Map());

/** @type {(ListedImage|null)[]} */
let entries = [];
const version = signal(0);
let asked = 0;
// What is listed is of another search, or of before.
let isStale = true;
const asking = new Set();
/** Images whose deletion can be taken back, with what deletes them at last. */
const going = new Map();

export const isFiltered = computed(() => Object.keys(filter.value).some(name => name !== 'sort'));
const isNewestFirst = () => !isFiltered.peek() && (filter.peek().sort ?? 'newest') === 'newest';

// Where in the list those stand that nobody sees any more.
const hidden = computed(() => {
  version.value;
  return going.size === 0 ? [] : entries.flatMap((entry, place) => entry && going.has(entry.id) ? [place] : []);
});
export const total = computed(() => {
  version.value;
  return entries.length - hidden.value.length;
});
const keyOf = (jobId, index) => `${jobId}/${index}`;
const places = computed(() => {
  version.value;
  const found = new Map();
  for (let place = 0; place < entries.length; place++) if (entries[place]) found.set(keyOf(entries[place].generation_id, entries[place].index_in_batch), place);
  return found;
});

function placeOf(position) {
  let place = position;
  for (const at of hidden.value) if (at <= place) place++;
  return place;
}

/** What is searched for, as the address has it. @param {URLSearchParams} params */
export const filterOf = params => Object.fromEntries(filterNames.filter(name => params.get(name)?.trim()).map(name => [name, params.get(name).trim()]));
export const isSameFilter = (one, other) => filterNames.every(name => (one[name] ?? '') === (other[name] ?? ''));
/** The address of a search. @param {Record<string, string>} changes */
export function galleryHash(changes = {}) {
  const parameters = new URLSearchParams(Object.entries({ ...filter.value, ...changes }).filter(([, value]) => value.trim()));
  return parameters.size > 0 ? `#/gallery?${parameters}` : '#/gallery';
}

/** The image at a position; null while it is not known. @returns {ListedImage|null} */
export const tileAt = position => position < 0 || position >= total.value ? null : entries[placeOf(position)];

/** Where an image stands, by its place in its batch; -1 while that is not known. */
export function positionOf(jobId, index) {
  const place = places.value.get(keyOf(jobId, index));
  if (place === undefined || going.has(entries[place].id)) return -1;
  return place - hidden.value.filter(at => at < place).length;
}

/** An image as the list has it, where it has it. @param {import('./types').ImageView} image */
export function listed(image) {
  const place = places.value.get(keyOf(image.generation_id, image.index_in_batch));
  return place === undefined ? null : entries[place];
}

/** The image before or after another one. @returns {ListedImage|null} */
export function neighbour(jobId, index, step) {
  const position = positionOf(jobId, index);
  return position < 0 ? null : tileAt(position + step);
}

const load = guarded(async page => {
  if (asking.has(page)) return;
  asking.add(page);
  const mine = asked;
  try {
    const parameters = new URLSearchParams({ ...filter.value, limit: `${pageSize}`, offset: `${page * pageSize}` });
    const answer = await get(`/api/images?${parameters}`);
    if (mine !== asked) return;
    if (isStale) entries = new Array(answer.total).fill(null);
    else if (entries.length !== answer.total) entries = Array.from({ length: answer.total }, (_, index) => entries[index] ?? null);
    answer.images.forEach((image, index) => { entries[page * pageSize + index] = image; });
    isStale = false;
    version.value++;
    isLoaded.value = true;
  } finally {
    if (mine === asked) asking.delete(page);
  }
});

let wanted = new Set();
// Who scrolls far has no use for what is in between.
const loadSoon = soon(() => {
  for (const page of wanted) load(page);
  wanted = new Set();
}, 60);

/** Says which images are on the screen: what of them is not known is fetched. */
export function look(first, last) {
  wanted = new Set();
  for (let position = first; position < Math.min(last, total.value); position++) {
    const place = placeOf(position);
    if (entries[place] === null) wanted.add(Math.floor(place / pageSize));
  }
  if (wanted.size > 0) loadSoon();
}

/** The same list, looked at again: what stands where may have changed. */
export function renew() {
  asked++;
  asking.clear();
  isStale = true;
  return load(0);
}
const renewSoon = soon(renew, 300);

/** Another search, or the first one. @param {Record<string, string>} words */
export function search(words = filter.value) {
  searches.value++;
  filter.value = words;
  return renew();
}

const placeOfId = id => entries.findIndex(entry => entry?.id === id);

/** A new image. @param {import('./types').ImageView} image */
export function added(image) {
  if (!isLoaded.value || placeOfId(image.id) >= 0) return;
  const job = jobs.peek().get(image.generation_id);
  if (!job || !isNewestFirst()) {
    renewSoon();
    return;
  }
  entries.unshift({ ...image, number: Infinity, type: job.type, model: job.model, prompt: job.prompt, starred: false, rating: 0, tags: [], board: null });
  version.value++;
}

/** An image has another star, rating, tag or board. @param {ListedImage} image */
export function changed(image) {
  const place = placeOfId(image.id);
  if (place >= 0) entries[place] = image;
  if (selection.value.has(image.id)) selection.value = new Map(selection.value).set(image.id, image);
  // It may belong elsewhere now.
  if (isFiltered.value || filter.value.sort === 'rating') renewSoon();
  version.value++;
}

/** @param {(image: ListedImage) => boolean} isGone */
function dropped(isGone) {
  const kept = entries.filter(entry => !entry || !isGone(entry));
  // Those that were never looked at: nobody knows where they stood.
  if (kept.length === entries.length && isLoaded.value) renewSoon();
  entries = kept;
  const selected = [...selection.value].filter(([, image]) => !isGone(image));
  if (selected.length !== selection.value.size) selection.value = new Map(selected);
  version.value++;
}

/** A generation went with all of its images. */
export const deleted = id => dropped(image => image.generation_id === id);

/** An image went; others of its batch may stay. */
export function imageDeleted(id) {
  going.delete(id);
  forgetImage(id);
  dropped(image => image.id === id);
}

// A few at a time: the server has others to serve.
async function each(list, work) {
  const left = [...list];
  await Promise.all(Array.from({ length: atOnce }, async () => { while (left.length > 0) await work(left.shift()); }));
}

/** Deletes images when nobody has asked for them back for a while. @param {{id: string}[]} images */
export function remove(images) {
  const deleteOne = guarded(async (id, more) => {
    if (!going.has(id)) return;
    try {
      await api('DELETE', `/api/images/${id}`, undefined, more);
      imageDeleted(id);
    } finally {
      going.delete(id);
      version.value++;
    }
  });
  const ids = images.map(image => image.id);
  const finish = more => more ? ids.forEach(id => deleteOne(id, more)) : each(ids, deleteOne);
  const timer = setTimeout(finish, undoFor);
  for (const id of ids) going.set(id, finish);
  selection.value = new Map([...selection.value].filter(([id]) => !going.has(id)));
  version.value++;
  const text = t('deleted', { count: ids.length });
  say(text);
  notify(text, {
    action: {
      text: t('undo'),
      run: () => {
        clearTimeout(timer);
        for (const id of ids) going.delete(id);
        version.value++;
      },
    },
  });
}
// Whoever leaves meant it.
addEventListener('pagehide', () => { for (const finish of new Set(going.values())) finish({ keepalive: true }); });

/** The best image that a model has made here: its address, small; null for none. @param {string} model @returns {Promise<string|null>} */
export const bestOf = guarded(async model => {
  const { images: [image] } = await get(`/api/images?${new URLSearchParams({ model, sort: 'rating', limit: '1' })}`);
  return image ? `${image.thumbnail_url}?size=512` : null;
});

/** Changes stars, ratings, tags or the board of images. @param {string[]} ids */
export const change = guarded(async (ids, changes) => {
  const { images } = await api('PATCH', '/api/images', { ids, ...changes });
  images.forEach(changed);
});

/** @param {ListedImage} image */
export function toggle(image) {
  const next = new Map(selection.value);
  if (!next.delete(image.id)) next.set(image.id, image);
  selection.value = next;
}
