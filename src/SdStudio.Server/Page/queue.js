import { api, get, on, post } from './api.js';
import { button, el, guarded, seconds } from './dom.js';

let list;
let bar;
let timer;

export function count(stats) {
  const shown = document.getElementById('queue-count');
  const waiting = stats.pending + stats.processing;
  shown.hidden = waiting === 0;
  shown.textContent = waiting;
}

export const phases = { load: 'Loading the model', encode: 'Reading the prompt', sample: 'Drawing', decode: 'Making pixels', upscale: 'Enlarging' };
export const progressText = job => [
  phases[job.phase] ?? 'Beginning', job.phase === 'sample' && job.step_count ? `step ${job.step} of ${job.step_count}` : '', job.eta ? `${seconds(job.eta)} left` : '',
].filter(Boolean).join(', ');

export const cancel = guarded(job => api('DELETE', `/api/queue/${job.id}`));

const prioritize = guarded((job, change) => api('PATCH', `/api/queue/${job.id}`, { priority: Math.max(-10, Math.min(10, job.priority + change)) }));

function card(job) {
  const isRunning = job.status === 'processing';
  return el('li', { class: 'card' },
    el('p', {}, el('strong', {}, job.prompt || job.type), ' ', el('span', { class: 'soft' }, `${job.model} · ${job.size}`)),
    isRunning && el('progress', { max: 1, value: job.progress, 'aria-label': 'Progress' }),
    isRunning && el('p', { class: 'soft' }, progressText(job)),
    job.status === 'pending' && el('p', { class: 'soft' }, `Place ${job.position ?? '?'}${job.waiting_for ? `, waiting for ${job.waiting_for}` : ''}${job.priority ? `, priority ${job.priority}` : ''}`),
    job.status === 'failed' && el('p', { class: 'error' }, job.error),
    el('div', { class: 'row' },
      (isRunning || job.status === 'pending') && button('Cancel', () => cancel(job)),
      job.status === 'pending' && button('Earlier', () => prioritize(job, 1)),
      job.status === 'pending' && button('Later', () => prioritize(job, -1)),
      ['failed', 'cancelled'].includes(job.status) && button('Try again', guarded(() => post(`/api/queue/${job.id}/retry`)))));
}

const order = { processing: 0, pending: 1, failed: 2, cancelled: 3 };

const draw = guarded(async () => {
  const answers = await Promise.all(['processing', 'pending', 'failed', 'cancelled'].map(status =>
    get(`/api/queue?status=${status}&limit=${status === 'pending' ? 100 : 20}`)));
  count(answers[0].stats);
  if (!list) return;
  const jobs = answers.flatMap(answer => answer.jobs).sort((a, b) => order[a.status] - order[b.status] || (a.position ?? 0) - (b.position ?? 0));
  const { paused } = answers[0];
  bar.replaceChildren(
    button(paused ? 'Go on' : 'Pause', guarded(() => post(`/api/queue/${paused ? 'resume' : 'pause'}`))),
    button('Cancel all', guarded(() => post('/api/queue/cancel-all')), { disabled: !jobs.some(job => order[job.status] < 2) }),
    el('span', { class: 'soft' }, paused ? 'Paused: no more jobs begin.' : ''));
  list.replaceChildren(...jobs.map(card));
  if (jobs.length === 0) list.append(el('li', { class: 'soft' }, 'Nothing waits.'));
});

// Many events in a moment are one look.
function soon() {
  timer ??= setTimeout(() => { timer = undefined; draw(); }, 200);
}

for (const type of ['job_created', 'job_updated', 'job_completed', 'job_failed', 'job_cancelled', 'queue_paused', 'queue_resumed', 'reset']) on(type, soon);
on('job_progress', () => { if (list && !list.closest('section').hidden) soon(); });

export function start(section) {
  bar = el('div', { class: 'bar' });
  list = el('ul', { class: 'list', 'aria-live': 'off' });
  section.append(bar, list);
}

export const shown = () => draw();
