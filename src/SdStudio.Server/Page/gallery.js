import { api, get, on, post, withKey } from './api.js';
import { button, el, guarded, toast } from './dom.js';
import { take } from './create.js';

const pageSize = 60;
let grid;
let search;
let model;
let edge;
let total;
let offset = 0;
let isLoading = false;
let isAll = false;
let asked = 0;
const going = new Map();
const entries = new Map();

function item(job) {
  const entry = el('li', { hidden: going.has(job.id) }, el('button', { type: 'button', onclick: () => open(job.id), 'aria-label': job.prompt || job.type },
    el('img', { loading: 'lazy', decoding: 'async', src: withKey(`/api/generations/${job.id}/thumbnail`), alt: '' })));
  entries.set(job.id, entry);
  return entry;
}

const more = guarded(async () => {
  if (isLoading || isAll) return;
  isLoading = true;
  const mine = asked;
  try {
    const query = new URLSearchParams({ shape: 'studio', limit: pageSize, offset });
    if (search.value.trim()) query.set('q', search.value.trim());
    if (model.value) query.set('model', model.value);
    const page = await get(`/api/generations?${query}`);
    if (mine !== asked) return;
    offset += page.generations.length;
    isAll = !page.pagination.hasMore;
    total.textContent = page.pagination.total === 1 ? '1 generation' : `${page.pagination.total} generations`;
    grid.append(...page.generations.filter(job => job.image_count > 0 && !entries.has(job.id)).map(item));
  } finally {
    isLoading = false;
  }
  // A screen that is not full yet sees no scrolling.
  if (!isAll && edge.getBoundingClientRect().top < innerHeight * 1.5) await more();
});

function again() {
  asked++;
  [offset, isAll, isLoading] = [0, false, false];
  grid.replaceChildren();
  entries.clear();
  return more();
}

function remove(job) {
  const entry = entries.get(job.id);
  const put = () => { clearTimeout(going.get(job.id)); going.delete(job.id); if (entry) entry.hidden = false; };
  if (entry) entry.hidden = true;
  going.set(job.id, setTimeout(guarded(async () => {
    going.delete(job.id);
    await api('DELETE', `/api/generations/${job.id}`);
    entry?.remove();
  }), 6000));
  toast('Deleted.', { text: 'Undo', run: put });
}

const facts = job => [
  ['Prompt', job.prompt], ['Negative prompt', job.negative_prompt], ['Model', job.model], ['Size', job.size], ['Seed', job.seed], ['Steps', job.steps || null],
  ['Cfg scale', job.cfg_scale || null], ['Sampler', job.sampler], ['Scheduler', job.scheduler], ['Strength', job.strength], ['Upscaler', job.upscaler],
  ['Time', job.generation_time_ms ? `${(job.generation_time_ms / 1000).toFixed(1)} s` : null], ['For want of memory', job.adjustments?.join(', ')],
].filter(([, value]) => value !== null && value !== undefined && value !== '');

export const open = guarded(async (id, index = 0) => {
  const job = await get(`/api/generations/${id}`);
  const image = job.images[index];
  const dialog = document.getElementById('viewer');
  const close = work => () => { dialog.close(); work(); };
  dialog.replaceChildren(
    el('img', { src: withKey(image.url), alt: job.prompt }),
    job.images.length > 1 && el('div', { class: 'row' }, job.images.map((_, other) => button(`${other + 1}`, () => open(id, other), { 'aria-pressed': other === index }))),
    el('div', { class: 'bar' },
      button('Draw again', close(() => take(job))),
      button('Vary', close(() => take(job, { newSeed: true }))),
      button('Use as input', close(() => take(job, { picture: withKey(image.url) }))),
      button('Enlarge', close(guarded(async () => {
        await post('/api/queue/upscale', { source_image_id: image.id, upscale_factor: 2 });
        toast('It is in the queue.');
      }))),
      button('Copy infotext', guarded(async () => {
        const { infotext } = await get(`/api/images/${image.id}/parameters`);
        await navigator.clipboard.writeText(infotext);
        toast('Copied.');
      })),
      el('a', { href: withKey(image.url), download: `${image.id}.png` }, 'Download'),
      button('Delete', close(() => remove(job))),
      button('Close', close(() => {}), { autofocus: true })),
    el('dl', {}, facts(job).flatMap(([name, value]) => [el('dt', {}, name), el('dd', {}, `${value}`)])));
  if (!dialog.open) dialog.showModal();
});

export async function start(section) {
  let timer;
  search = el('input', { type: 'search', placeholder: 'Search in prompts', 'aria-label': 'Search in prompts', oninput: () => { clearTimeout(timer); timer = setTimeout(again, 250); } });
  model = el('select', { 'aria-label': 'Of the model', onchange: again }, el('option', { value: '' }, 'all models'));
  total = el('span', { class: 'soft', role: 'status' });
  grid = el('ul', { class: 'grid' });
  edge = el('div', {});
  section.append(el('div', { class: 'bar' }, search, model, total), grid, edge);
  new IntersectionObserver(entries => { if (entries.some(entry => entry.isIntersecting)) more(); }, { rootMargin: '600px' }).observe(edge);
  on('generation_completed', job => {
    if (search.value || model.value || entries.has(job.id) || job.image_count === 0) return;
    offset++;
    grid.prepend(item(job));
  });
  on('generation_deleted', job => entries.get(job.id)?.remove());
  on('reset', again);
  const { models } = await get('/api/models');
  model.append(...models.map(entry => el('option', { value: entry.id }, entry.name)));
  await more();
}
