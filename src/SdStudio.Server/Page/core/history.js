// The images of this server, newest first: a list of generations of which only what was looked at is known, seen as one tile per image.
// This is the only place that knows how the server lists images.
import { computed, signal } from '../lib.js';
import { api, get } from './api.js';
import { guarded, notify, say, soon } from './notices.js';
import { fetchJob, forgetImage, jobs } from './store.js';
import { t } from './text.js';

/** @typedef {import('./types').Entry} Entry @typedef {import('./types').Tile} Tile */

const pageSize = 60;
const undoFor = 7000;

export const query = signal('');
export const modelFilter = signal('');
/** How many searches there were: each begins at its first image. */
export const searches = signal(0);
/** Whether the list was asked for at least once. */
export const isLoaded = signal(false);
/** Keys of the tiles that are selected. @type {import('./types').Signal<Set<string>>} */
export const selection = signal(new Set());

/** @type {(Entry|null)[]} */
let entries = [];
const version = signal(0);
let asked = 0;
// What is listed is of another search, or of before.
let isStale = true;
const asking = new Set();
/** Deletions that can be taken back: by generation, or by image where a generation keeps others. */
const going = new Map();

export const isFiltered = computed(() => query.value.trim() !== '' || modelFilter.value !== '');

// Which images of a generation are shown.
function visible(entry) {
  if (going.has(entry.id)) return [];
  const images = jobs.peek().get(entry.id)?.images;
  const all = Array.from({ length: entry.count }, (_, index) => index);
  return going.size > 0 && images ? all.filter(index => !going.has(images[index]?.id)) : all;
}

// Where the tiles of each generation begin.
const starts = computed(() => {
  version.value;
  const result = new Int32Array(entries.length + 1);
  for (let index = 0; index < entries.length; index++) {
    const entry = entries[index];
    result[index + 1] = result[index] + (entry === null ? 1 : going.size > 0 ? visible(entry).length : entry.count);
  }
  return result;
});
export const total = computed(() => starts.value[starts.value.length - 1]);

/** The address of a search. */
export function galleryHash(words = query.value, model = modelFilter.value) {
  const parameters = new URLSearchParams();
  if (words.trim()) parameters.set('q', words.trim());
  if (model) parameters.set('model', model);
  return parameters.size > 0 ? `#/gallery?${parameters}` : '#/gallery';
}

export const keyOf = tile => `${tile.entry.id}/${tile.index}`;

// The generation that the tile belongs to.
function placeOf(position) {
  const begins = starts.value;
  let low = 0;
  let high = begins.length - 2;
  while (low < high) {
    const middle = (low + high + 1) >> 1;
    if (begins[middle] <= position) low = middle;
    else high = middle - 1;
  }
  return low;
}

/** The tile at a position; null while it is not known. @returns {Tile|null} */
export function tileAt(position) {
  if (position < 0 || position >= total.value) return null;
  const place = placeOf(position);
  const entry = entries[place];
  return entry ? { entry, index: visible(entry)[position - starts.value[place]] } : null;
}

/** Where an image stands; -1 while that is not known. */
export function positionOf(jobId, index) {
  const place = entries.findIndex(entry => entry?.id === jobId);
  const within = place < 0 ? -1 : visible(entries[place]).indexOf(index);
  return within < 0 ? -1 : starts.value[place] + within;
}

/** The image before or after another one. @returns {Tile|null} */
export function neighbour(jobId, index, step) {
  const position = positionOf(jobId, index);
  return position < 0 ? null : tileAt(position + step);
}

const toEntry = job => ({ id: job.id, prompt: job.prompt ?? '', count: job.image_count, type: job.type, width: job.width, height: job.height });

const load = guarded(async page => {
  if (asking.has(page)) return;
  asking.add(page);
  const mine = asked;
  try {
    const parameters = new URLSearchParams({ shape: 'studio', status: 'all', limit: `${pageSize}`, offset: `${page * pageSize}` });
    if (query.value.trim()) parameters.set('q', query.value.trim());
    if (modelFilter.value) parameters.set('model', modelFilter.value);
    const answer = await get(`/api/generations?${parameters}`);
    if (mine !== asked) return;
    const count = answer.pagination.total;
    if (isStale) entries = new Array(count).fill(null);
    else if (entries.length !== count) entries = Array.from({ length: count }, (_, index) => entries[index] ?? null);
    answer.generations.forEach((job, index) => { entries[page * pageSize + index] = toEntry(job); });
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

/** Says which tiles are on the screen: what of them is not known is fetched. */
export function look(first, last) {
  wanted = new Set();
  for (let position = first; position < Math.min(last, total.value); position++) {
    const place = placeOf(position);
    if (entries[place] === null) wanted.add(Math.floor(place / pageSize));
  }
  if (wanted.size > 0) loadSoon();
}

/** Another search, or the first one. */
export function search(words = query.value, model = modelFilter.value) {
  asked++;
  asking.clear();
  isStale = true;
  searches.value++;
  query.value = words;
  modelFilter.value = model;
  return load(0);
}

/** The same list, looked at anew: what stands where may have changed. */
export function renew() {
  asked++;
  asking.clear();
  isStale = true;
  return load(0);
}
const renewSoon = soon(renew, 300);

export function added(job) {
  if (job.image_count === 0) return;
  const place = entries.findIndex(entry => entry?.id === job.id);
  if (place >= 0) {
    entries[place] = toEntry(job);
    version.value++;
    return;
  }
  if (isFiltered.value) {
    renewSoon();
    return;
  }
  entries.unshift(toEntry(job));
  version.value++;
}

export function deleted(id) {
  going.delete(id);
  const place = entries.findIndex(entry => entry?.id === id);
  if (place >= 0) entries.splice(place, 1);
  // One that was never looked at: nobody knows where it stood.
  else if (isLoaded.value) renewSoon();
  unselect([id]);
  version.value++;
}

const unselect = ids => {
  const kept = [...selection.value].filter(key => !ids.includes(key.split('/')[0]));
  if (kept.length !== selection.value.size) selection.value = new Set(kept);
};

/** One image of a generation went, the others stay. */
export function imageDeleted(id) {
  going.delete(id);
  const jobId = forgetImage(id);
  const entry = entries.find(known => known?.id === jobId);
  if (entry && jobId) entry.count = jobs.peek().get(jobId).images.length;
  else if (isLoaded.value) renewSoon();
  version.value++;
}

// What is asked of the server for some images: a whole generation where all of its images go.
async function deletions(tiles) {
  const paths = new Map();
  for (const entry of new Set(tiles.map(tile => tile.entry))) {
    const indexes = tiles.filter(tile => tile.entry === entry).map(tile => tile.index);
    if (indexes.length >= entry.count) {
      paths.set(entry.id, `/api/generations/${encodeURIComponent(entry.id)}`);
      continue;
    }
    const { images } = await fetchJob(entry.id);
    for (const index of indexes) paths.set(images[index].id, `/api/images/${images[index].id}`);
  }
  return paths;
}

/** Deletes images when nobody has asked for them back for a while. @param {Tile[]} tiles */
export const remove = guarded(async tiles => {
  const paths = await deletions(tiles);
  const finish = more => [...paths].map(guarded(async ([id, path]) => {
    if (!going.has(id)) return;
    try {
      await api('DELETE', path, undefined, more);
      if (path.startsWith('/api/images/')) imageDeleted(id);
      else deleted(id);
    } finally {
      going.delete(id);
      version.value++;
    }
  }));
  const timer = setTimeout(finish, undoFor);
  for (const id of paths.keys()) going.set(id, finish);
  selection.value = new Set([...selection.value].filter(key => !tiles.some(tile => keyOf(tile) === key)));
  version.value++;
  const text = t('deleted', { count: tiles.length });
  say(text);
  notify(text, {
    action: {
      text: t('undo'),
      run: () => {
        clearTimeout(timer);
        for (const id of paths.keys()) going.delete(id);
        version.value++;
      },
    },
  });
});
// Whoever leaves meant it.
addEventListener('pagehide', () => { for (const finish of new Set(going.values())) finish({ keepalive: true }); });

/** The images of a generation, for those that its list does not name. */
export const imagesOf = id => fetchJob(id);

export function toggle(key) {
  const next = new Set(selection.value);
  if (!next.delete(key)) next.add(key);
  selection.value = next;
}
