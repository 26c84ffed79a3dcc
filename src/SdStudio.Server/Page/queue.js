import { api, get, on, post } from './api.js';
import { button, el, guarded, icon, say, seconds, soon } from './dom.js';

let section;
let bar;
let list;
let past;
let empty;
let dragged = null;
const cards = new Map();

export function count(stats) {
  const shown = document.getElementById('queue-count');
  const waiting = stats.pending + stats.processing;
  shown.hidden = waiting === 0;
  shown.textContent = waiting;
  shown.setAttribute('aria-label', `${waiting} not ended`);
}

export const phases = { load: 'Loading the model', encode: 'Reading the prompt', sample: 'Drawing', decode: 'Making pixels', upscale: 'Enlarging' };
export const progressText = job => [
  phases[job.phase] ?? 'Beginning', job.phase === 'sample' && job.step_count ? `step ${job.step} of ${job.step_count}` : '', job.eta ? `${seconds(job.eta)} left` : '',
].filter(Boolean).join(', ');

export const cancel = guarded(job => api('DELETE', `/api/queue/${job.id}`));

const put = guarded(async (job, place) => {
  const moved = await api('PATCH', `/api/queue/${job.id}`, place);
  say(`Now place ${moved.position} in the queue.`);
});

const titleOf = job => job.prompt || (job.type === 'upscale' ? 'Enlarge a picture' : 'A variation');
const aboutOf = job => [job.type === 'upscale' ? job.upscaler : job.model, job.size.replace('x', ' × '), job.n > 1 && `${job.n} pictures`].filter(Boolean).join(' · ');

function waitingText(job) {
  return [`Place ${job.position ?? '?'}`, job.waiting_for, job.eta && `about ${seconds(job.eta)} until it is done`, job.priority && `priority ${job.priority}`].filter(Boolean).join(' · ');
}

function step(job, direction) {
  const order = [...list.children].map(card => card.dataset).filter(data => data.status === 'pending').map(data => data.id);
  const other = order[order.indexOf(job.id) + direction];
  if (other) put(job, { [direction < 0 ? 'before' : 'after']: other });
}

function card(job) {
  const isPending = job.status === 'pending';
  const isRunning = job.status === 'processing';
  const item = el('li', { class: `card job ${job.status}`, draggable: isPending ? 'true' : null },
    isPending && el('span', { class: 'handle', 'aria-hidden': 'true' }, icon('drag')),
    isRunning && el('img', { class: 'small-preview', alt: '', hidden: true }),
    el('div', { class: 'grows' },
      el('p', { class: 'title' }, titleOf(job)), el('p', { class: 'soft small' }, aboutOf(job)),
      isRunning && el('progress', { max: 1, value: 0, 'aria-label': `Progress of ${titleOf(job)}` }),
      el('p', { class: job.status === 'failed' ? 'error' : 'soft', 'data-line': true })),
    el('div', { class: 'row' },
      isPending && button(null, () => step(job, -1), { icon: 'up', label: 'Earlier', class: 'quiet' }),
      isPending && button(null, () => step(job, 1), { icon: 'down', label: 'Later', class: 'quiet' }),
      (isRunning || isPending) && button('Cancel', () => cancel(job), { icon: 'close' }),
      !isRunning && !isPending && button('Try again', guarded(() => post(`/api/queue/${job.id}/retry`)), { icon: 'again' }),
      !isRunning && !isPending && el('a', { class: 'button', href: `#logs/${job.id}` }, 'Log'),
      !isRunning && !isPending && button(null, guarded(async () => { await api('DELETE', `/api/generations/${job.id}`); draw(); }), { icon: 'trash', label: 'Remove from the list', class: 'quiet' })));
  Object.assign(item.dataset, { id: job.id, status: job.status });
  if (isPending) movable(item, job);
  return item;
}

// What changes while it waits or runs is put into the card that is there: whoever is in it with a key stays.
function refreshCard(item, job) {
  item.querySelector('[data-line]').textContent = job.status === 'processing' ? progressText(job)
    : job.status === 'pending' ? waitingText(job) : job.status === 'failed' ? job.error : 'Cancelled.';
  const progress = item.querySelector('progress');
  if (progress) progress.value = job.progress;
}

function movable(item, job) {
  item.addEventListener('dragstart', event => {
    dragged = job;
    event.dataTransfer.effectAllowed = 'move';
    event.dataTransfer.setData('text/plain', job.prompt);
    item.classList.add('dragged');
  });
  item.addEventListener('dragend', () => {
    dragged = null;
    for (const card of list.children) card.classList.remove('dragged', 'over-before', 'over-after');
    draw();
  });
  const side = event => {
    const box = item.getBoundingClientRect();
    return event.clientY < box.top + box.height / 2 ? 'before' : 'after';
  };
  item.addEventListener('dragover', event => {
    if (!dragged || dragged.id === job.id) return;
    event.preventDefault();
    for (const where of ['before', 'after']) item.classList.toggle(`over-${where}`, where === side(event));
  });
  item.addEventListener('dragleave', () => item.classList.remove('over-before', 'over-after'));
  item.addEventListener('drop', event => {
    event.preventDefault();
    if (dragged && dragged.id !== job.id) put(dragged, { [side(event)]: job.id });
  });
}

function fill(place, jobs) {
  let before = null;
  for (const job of jobs) {
    const name = `${job.id} ${job.status}`;
    const item = cards.get(name) ?? card(job);
    cards.set(name, item);
    refreshCard(item, job);
    const next = before ? before.nextSibling : place.firstChild;
    if (next !== item) place.insertBefore(item, next);
    before = item;
  }
  while (before ? before.nextSibling : place.firstChild) (before ? before.nextSibling : place.firstChild).remove();
}

const draw = guarded(async () => {
  if (!section) {
    count(await get('/api/queue/stats'));
    return;
  }
  const [running, waiting, failed, cancelled] = await Promise.all(['processing', 'pending', 'failed', 'cancelled'].map(status =>
    get(`/api/queue?status=${status}&limit=${status === 'pending' ? 200 : 20}`)));
  count(running.stats);
  // A list that changes under the hand is no list.
  if (dragged) return;
  const current = [...running.jobs, ...waiting.jobs.sort((a, b) => (a.position ?? 0) - (b.position ?? 0))];
  const ended = [...failed.jobs, ...cancelled.jobs].sort((a, b) => b.updated_at - a.updated_at);
  const known = new Set([...current, ...ended].map(job => `${job.id} ${job.status}`));
  for (const name of cards.keys()) if (!known.has(name)) cards.delete(name);
  const { paused } = running;
  bar.querySelector('#pause').replaceChildren(icon(paused ? 'play' : 'pause'), paused ? 'Go on' : 'Pause');
  bar.querySelector('#pause').dataset.paused = paused;
  bar.querySelector('#cancel-all').disabled = current.length === 0;
  bar.querySelector('[role=status]').textContent = [
    paused && 'Paused: no more jobs begin.', `${running.jobs.length} running, ${running.stats.pending} waiting`, waiting.total > waiting.jobs.length && `the first ${waiting.jobs.length} are shown`,
  ].filter(Boolean).join(' · ');
  fill(list, current);
  fill(past, ended);
  empty.hidden = current.length > 0;
  past.parentElement.hidden = ended.length === 0;
});
const drawSoon = soon(draw, 200);

for (const type of ['job_created', 'job_updated', 'job_completed', 'job_failed', 'job_cancelled', 'queue_paused', 'queue_resumed', 'reset']) on(type, drawSoon);
on('job_progress', job => {
  const item = cards.get(`${job.id} processing`);
  if (item) refreshCard(item, job);
});
on('job_preview', preview => {
  const shown = cards.get(`${preview.id} processing`)?.querySelector('.small-preview');
  if (!shown || section.hidden) return;
  shown.src = `data:${preview.mime_type};base64,${preview.image}`;
  shown.hidden = false;
});

export function start(place) {
  section = place;
  bar = el('div', { class: 'bar' },
    button('Pause', guarded(() => post(`/api/queue/${bar.querySelector('#pause').dataset.paused === 'true' ? 'resume' : 'pause'}`)), { id: 'pause' }),
    button('Cancel all', guarded(() => post('/api/queue/cancel-all')), { icon: 'close', id: 'cancel-all' }),
    el('span', { class: 'soft', role: 'status' }));
  list = el('ol', { class: 'list', 'aria-label': 'Running and waiting' });
  past = el('ul', { class: 'list', 'aria-label': 'Failed and cancelled' });
  empty = el('div', { class: 'empty' }, el('h2', {}, 'Nothing waits'), el('p', { class: 'soft' }, 'Jobs that run or wait are shown here, those that failed too, with the reason.'), el('a', { class: 'button main', href: '#create' }, 'Draw a picture'));
  section.append(bar, list, empty, el('div', { class: 'past' }, el('h2', {}, 'Failed and cancelled'), past));
}

export const shown = () => draw();
