import { get, on, post, withKey } from './api.js';
import { button, el, guarded, put, say } from './dom.js';
import { open } from './viewer.js';
import { cancel, phases, progressText } from './queue.js';

const watchedName = 'sdstudio.watched';
const recentCount = 12;
let stage;
let recent;
let watched;
let phase;
let whenDrawn = () => {};

// A place of the picture's shape: nothing moves when it comes.
function frame(width, height, ...children) {
  const element = el('div', { class: 'frame' }, children);
  element.style.setProperty('--ratio', width / height);
  element.style.setProperty('--width', `${Math.max(width, 640)}px`);
  return element;
}

// The picture on its way: what the server tells of one job, from wherever it is now.
export async function watch(id) {
  watched = id;
  phase = null;
  sessionStorage.setItem(watchedName, id);
  await look(id);
}

function begin(job) {
  put(stage,
    frame(job.width, job.height, el('img', { id: 'preview', alt: 'What it looks like so far', hidden: true })),
    el('div', { class: 'going' },
      el('progress', { max: 1, value: 0, 'aria-label': 'Progress of the picture' }),
      el('p', { id: 'phase' }, 'Waiting'),
      button('Cancel', () => cancel({ id: job.id }), { icon: 'close' })));
}

const look = guarded(async id => {
  if (id !== watched) return;
  const job = await get(`/api/queue/${id}`);
  if (job.status === 'completed') finished(job);
  else update(job);
});

function update(job) {
  if (job.id !== watched) return;
  if (job.status === 'failed' || job.status === 'cancelled') {
    ended(job);
    return;
  }
  if (!stage.querySelector('progress')) begin(job);
  stage.querySelector('progress').value = job.progress;
  const text = job.status === 'pending'
    ? `Waiting${job.position ? `, place ${job.position}` : ''}${job.waiting_for ? `: ${job.waiting_for}` : ''}`
    : progressText(job);
  stage.querySelector('#phase').textContent = text;
  document.title = job.status === 'processing' ? `${Math.round(job.progress * 100)} % – SdStudio` : 'SdStudio';
  // Not every step is worth hearing.
  const now = job.status === 'pending' ? 'Waiting' : phases[job.phase];
  if (now && now !== phase) say(phase = now);
}

function ended(job) {
  forget();
  const failed = job.status === 'failed';
  put(stage, el('div', { class: 'empty' },
    el('p', { class: failed ? 'error' : 'soft', role: 'alert' }, failed ? job.error : 'Cancelled.'),
    el('div', { class: 'row' },
      button('Try again', guarded(async () => { await post(`/api/queue/${job.id}/retry`); await watch(job.id); }), { icon: 'again' }),
      failed && el('a', { class: 'button', href: `#logs/${job.id}` }, 'What the log says'))));
}

function finished(job) {
  forget();
  say('The picture is there.');
  const several = job.images.length > 1;
  const pictures = job.images.map((image, index) => el('button', { type: 'button', class: 'picture', onclick: () => open(job.id, index) },
    el('img', { class: 'result', src: withKey(image.url), width: image.width, height: image.height, alt: job.prompt || 'The enlarged picture' })));
  put(stage,
    several ? el('div', { class: 'pictures' }, pictures) : frame(job.images[0].width, job.images[0].height, pictures),
    el('p', { class: 'soft caption' }, [job.size.replace('x', ' × '), job.type === 'upscale' ? job.upscaler : `seed ${job.seed}`, `${(job.generation_time_ms / 1000).toFixed(1)} s`,
      job.adjustments.length > 0 && `for want of memory: ${job.adjustments.join(', ')}`].filter(Boolean).join(' · ')));
  whenDrawn(job);
}

function forget() {
  watched = undefined;
  document.title = 'SdStudio';
  sessionStorage.removeItem(watchedName);
}

const tile = job => {
  const item = el('li', {}, button(null, () => open(job.id), { label: job.prompt || 'An enlarged picture', class: 'thumb' }));
  item.dataset.id = job.id;
  item.firstChild.append(el('img', { src: withKey(`/api/generations/${job.id}/thumbnail`), alt: '' }));
  return item;
};

const fillRecent = guarded(async () => {
  const jobs = await get(`/api/generations?limit=${recentCount}`);
  recent.replaceChildren(...jobs.filter(job => job.image_count > 0).map(tile));
});

export function stagePanel(empty, drawn) {
  whenDrawn = drawn;
  stage = el('div', { class: 'stage', role: 'group', 'aria-label': 'The picture' }, empty);
  recent = el('ul', { class: 'recent', 'aria-label': 'The latest pictures' });
  for (const type of ['job_updated', 'job_progress', 'job_failed', 'job_cancelled']) on(type, update);
  on('job_completed', job => { if (job.id === watched) look(job.id); });
  on('reset', () => { if (watched) look(watched); fillRecent(); });
  on('job_preview', preview => {
    const shown = stage.querySelector('#preview');
    if (!shown || preview.id !== watched) return;
    shown.src = `data:${preview.mime_type};base64,${preview.image}`;
    shown.hidden = false;
  });
  on('generation_completed', job => {
    if (job.image_count === 0) return;
    recent.querySelector(`[data-id="${job.id}"]`)?.remove();
    recent.prepend(tile(job));
    while (recent.children.length > recentCount) recent.lastChild.remove();
  });
  on('generation_deleted', ({ id }) => recent.querySelector(`[data-id="${id}"]`)?.remove());
  fillRecent();
  const id = sessionStorage.getItem(watchedName);
  if (id) watch(id);
  return el('div', { class: 'stage-side' }, stage, recent);
}
