import { api, get, on, withKey } from './api.js';
import { el, button, guarded, say, soon, toast } from './dom.js';
import { catalogue } from './catalogue.js';
import { open } from './viewer.js';

const pageSize = 60;
const gap = 8;
const smallest = 150;
const undoFor = 6000;

let section;
let search;
let model;
let total;
let grid;
let empty;
// What the server's list has, as far as it was looked at: entries are null until then. Only what is on the screen has elements.
let entries = [];
let asked = 0;
const asking = new Set();
let wanted = new Set();
const shown = new Map();
const going = new Map();
let focusOn = -1;
let columns = 1;
let side = smallest;

const isFiltered = () => search.value.trim() !== '' || model.value !== '';
const visible = () => going.size === 0 ? entries : entries.filter(entry => !going.has(entry?.id));

const load = guarded(async page => {
  if (asking.has(page)) return;
  asking.add(page);
  const mine = asked;
  try {
    const query = new URLSearchParams({ shape: 'studio', limit: pageSize, offset: page * pageSize });
    if (search.value.trim()) query.set('q', search.value.trim());
    if (model.value) query.set('model', model.value);
    const answer = await get(`/api/generations?${query}`);
    if (mine !== asked) return;
    const count = answer.pagination.total;
    if (entries.length !== count) entries = Array.from({ length: count }, (_, index) => entries[index] ?? null);
    answer.generations.forEach((job, index) => { entries[page * pageSize + index] = { id: job.id, prompt: job.prompt || 'An enlarged picture' }; });
    tellTotal();
    drawSoon();
  } finally {
    if (mine === asked) asking.delete(page);
  }
});

function tellTotal() {
  const count = visible().length;
  total.textContent = count === 1 ? '1 picture' : `${count.toLocaleString('en')} pictures`;
  empty.hidden = count > 0;
  empty.replaceChildren(...(isFiltered()
    ? [el('h2', {}, 'Nothing is like that'), el('p', { class: 'soft' }, 'No prompt has these words, or the model drew nothing of the kind.'), button('Show all', () => { search.value = ''; model.value = ''; again(); })]
    : [el('h2', {}, 'No pictures yet'), el('p', { class: 'soft' }, 'What you draw is kept here.'), el('a', { class: 'button main', href: '#create' }, 'Draw the first one')]));
}

function item(entry) {
  const tile = el('li', {}, el('button', { type: 'button', class: 'thumb', 'aria-label': entry.prompt, onclick: () => open(entry.id) }));
  const picture = el('img', { decoding: 'async', src: withKey(`/api/generations/${entry.id}/thumbnail`), alt: '' });
  picture.addEventListener('error', () => picture.replaceWith(el('span', { class: 'soft small' }, entry.prompt)));
  tile.firstChild.append(picture);
  return tile;
}

// As many rows as the window has, and half a screen before and after.
function draw() {
  if (!grid || section.hidden) return;
  const list = visible();
  const width = grid.clientWidth;
  columns = Math.max(2, Math.floor((width + gap) / (Math.min(smallest, width / 3 - gap) + gap)));
  side = (width - gap * (columns - 1)) / columns;
  const row = side + gap;
  grid.style.height = `${Math.max(0, Math.ceil(list.length / columns) * row - gap)}px`;
  const above = -grid.getBoundingClientRect().top;
  const first = Math.max(0, Math.floor((above - innerHeight / 2) / row)) * columns;
  const last = Math.min(list.length, Math.ceil((above + innerHeight * 1.5) / row) * columns);
  const now = new Map();
  wanted = new Set();
  for (let index = first; index < last; index++) {
    const entry = list[index];
    if (!entry) {
      wanted.add(Math.floor(entries.indexOf(entry, index) / pageSize));
      continue;
    }
    const tile = shown.get(entry.id) ?? item(entry);
    tile.style.transform = `translate(${(index % columns) * row}px, ${Math.floor(index / columns) * row}px)`;
    tile.style.width = tile.style.height = `${side}px`;
    tile.setAttribute('aria-setsize', list.length);
    tile.setAttribute('aria-posinset', index + 1);
    tile.dataset.index = index;
    now.set(entry.id, tile);
  }
  put(now);
  // Places of what is on its way are drawn by the style.
  grid.classList.toggle('waits', wanted.size > 0);
  grid.style.setProperty('--side', `${side}px`);
  if (wanted.size > 0) loadSoon();
  const aim = now.get(list[focusOn]?.id);
  if (!aim) return;
  focusOn = -1;
  aim.firstChild.focus({ preventScroll: true });
}

// Who scrolls far has no use for what is in between.
const loadSoon = soon(() => { for (const page of wanted) load(page); }, 80);

// In the order of the list, for those who go from one to the next with a key.
function put(now) {
  for (const [name, tile] of shown) {
    if (now.get(name) === tile) continue;
    tile.remove();
    // What nobody sees any more makes room for what is looked at.
    const picture = tile.querySelector('img');
    if (picture && !picture.complete) picture.removeAttribute('src');
  }
  let before = null;
  for (const tile of now.values()) {
    const place = before ? before.nextSibling : grid.firstChild;
    if (place !== tile) grid.insertBefore(tile, place);
    before = tile;
  }
  shown.clear();
  for (const [name, tile] of now) shown.set(name, tile);
}

const drawSoon = () => { drawSoon.frame ??= requestAnimationFrame(() => { drawSoon.frame = undefined; draw(); }); };

function again() {
  asked++;
  asking.clear();
  entries = [];
  return load(0);
}

// The same list, looked at anew: what stands where may have changed.
function renew() {
  if (!grid) return;
  asked++;
  asking.clear();
  entries = entries.map(() => null);
  load(Math.floor(Number(grid.firstChild?.dataset.index ?? 0) / pageSize));
}

/** The picture before or after another one, as far as the gallery knows. */
export function neighbour(id, step) {
  const list = visible();
  const index = list.findIndex(entry => entry?.id === id);
  return index < 0 ? null : list[index + step]?.id ?? null;
}

/** Deletes a generation when nobody has asked for it back for a while. */
export function remove(id) {
  const finish = guarded(async more => {
    if (!going.delete(id)) return;
    try {
      await api('DELETE', `/api/generations/${id}`, undefined, more);
      entries = entries.filter(entry => entry?.id !== id);
    } finally {
      changed();
    }
  });
  const timer = setTimeout(finish, undoFor);
  going.set(id, finish);
  changed();
  say('Deleted.');
  toast('Deleted.', { action: { text: 'Undo', run: () => { clearTimeout(timer); going.delete(id); changed(); } } });
}
function changed() {
  if (!grid) return;
  tellTotal();
  draw();
}
// Whoever leaves meant it.
addEventListener('pagehide', () => { for (const finish of [...going.values()]) finish({ keepalive: true }); });

function move(event) {
  const step = { ArrowLeft: -1, ArrowRight: 1, ArrowUp: -columns, ArrowDown: columns, Home: -Infinity, End: Infinity }[event.key];
  const tile = event.target.closest('li');
  if (!step || !tile) return;
  event.preventDefault();
  const index = Math.max(0, Math.min(visible().length - 1, Number(tile.dataset.index) + step));
  const top = grid.getBoundingClientRect().top + Math.floor(index / columns) * (side + gap);
  if (top < 80 || top + side > innerHeight) scrollBy({ top: top - innerHeight / 2, behavior: 'instant' });
  focusOn = index;
  draw();
}

export async function start(place) {
  section = place;
  const searchSoon = soon(again, 250);
  search = el('input', { type: 'search', placeholder: 'Search in prompts', 'aria-label': 'Search in prompts', oninput: searchSoon });
  model = el('select', { 'aria-label': 'Of the model', onchange: again });
  total = el('span', { class: 'soft', role: 'status' });
  grid = el('ul', { class: 'grid', 'aria-label': 'Pictures', onkeydown: move });
  empty = el('div', { class: 'empty', hidden: true });
  section.append(el('div', { class: 'bar' }, search, model, total), grid, empty);
  addEventListener('scroll', drawSoon, { passive: true });
  new ResizeObserver(drawSoon).observe(grid);
  const fill = () => {
    const chosen = model.value;
    model.replaceChildren(el('option', { value: '' }, 'All models'), ...catalogue.models.map(entry => el('option', { value: entry.id }, entry.name)));
    model.value = chosen;
  };
  fill();
  on('catalogue', fill);
  on('generation_completed', job => {
    if (job.image_count === 0 || entries.some(entry => entry?.id === job.id)) return;
    if (isFiltered()) {
      renew();
      return;
    }
    entries.unshift({ id: job.id, prompt: job.prompt || 'An enlarged picture' });
    changed();
  });
  on('generation_deleted', ({ id }) => {
    const index = entries.findIndex(entry => entry?.id === id);
    if (index >= 0) entries.splice(index, 1);
    // One that was never looked at: nobody knows where it stood.
    else if (entries.length > 0) renewSoon();
    changed();
  });
  on('reset', renew);
  await load(0);
}
const renewSoon = soon(renew, 300);

