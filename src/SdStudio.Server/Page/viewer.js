import { get, withKey } from './api.js';
import { button, el, guarded, put, toast } from './dom.js';
import { again, begin, enlargeOne } from './create.js';
import { neighbour, remove } from './gallery.js';

const dialog = document.getElementById('viewer');

const facts = job => [
  ['Model', job.model === 'none' ? null : job.model], ['Size', job.size.replace('x', ' × ')], ['Seed', job.type === 'upscale' ? null : job.seed], ['Steps', job.steps || null],
  ['Cfg scale', job.cfg_scale || null], ['Sampler', job.sampler], ['Scheduler', job.scheduler], ['Strength', job.strength], ['Upscaler', job.upscaler], ['Factor', job.upscale_factor],
  ['Time', job.generation_time_ms ? `${(job.generation_time_ms / 1000).toFixed(1)} s` : null], ['Drawn', new Date(job.completed_at ?? job.created_at).toLocaleString()],
  ['For want of memory', job.adjustments?.join(', ')], ['Engine', job.engine],
].filter(([, value]) => value !== null && value !== undefined && value !== '');

// Without a secure address a browser has no clipboard but this one.
async function copy(text) {
  if (navigator.clipboard) {
    await navigator.clipboard.writeText(text);
    return;
  }
  const area = el('textarea', {});
  dialog.append(area);
  area.value = text;
  area.select();
  document.execCommand('copy');
  area.remove();
}

const infotext = image => guarded(async () => {
  const { infotext: text } = await get(`/api/images/${image.id}/parameters`);
  await copy(text);
  toast('The infotext is copied.');
});

export const open = guarded(async (id, index = 0) => {
  const job = await get(`/api/generations/${id}`);
  const image = job.images[Math.min(index, job.images.length - 1)];
  if (!image) throw new Error('This generation has no picture.');
  const close = work => () => { dialog.close(); work(); };
  const turn = step => { const next = neighbour(job.id, step); if (next) open(next); };
  const isDrawn = job.type !== 'upscale';
  dialog.onkeydown = event => {
    if (event.key === 'ArrowLeft') turn(-1);
    if (event.key === 'ArrowRight') turn(1);
  };
  const picture = el('img', { src: withKey(image.url), width: image.width, height: image.height, alt: job.prompt || 'An enlarged picture' });
  picture.addEventListener('error', () => picture.replaceWith(el('p', { class: 'error' }, 'The file of this picture is not on the disk any more.')));
  put(dialog,
    el('div', { class: 'view' },
      el('div', { class: 'view-picture' }, picture,
        neighbour(job.id, -1) && button(null, () => turn(-1), { icon: 'left', label: 'The one before', class: 'turn left-side' }),
        neighbour(job.id, 1) && button(null, () => turn(1), { icon: 'right', label: 'The next one', class: 'turn right-side' })),
      el('div', { class: 'view-side' },
        el('div', { class: 'titled' }, el('h2', {}, isDrawn ? 'Picture' : 'Enlarged picture'), button(null, () => dialog.close(), { icon: 'close', label: 'Close', class: 'quiet', autofocus: true })),
        job.prompt && el('p', { class: 'prompt' }, job.prompt),
        job.negative_prompt && el('p', { class: 'soft' }, `Not: ${job.negative_prompt}`),
        job.images.length > 1 && el('div', { class: 'row', role: 'group', 'aria-label': 'Pictures of this generation' }, job.images.map((_, other) =>
          button(`${other + 1}`, () => open(id, other), { class: 'chip', 'aria-pressed': `${other === index}`, label: `Picture ${other + 1}` }))),
        el('div', { class: 'actions' },
          isDrawn && button('Draw again', close(() => again(job, image, { newSeed: false })), { icon: 'again' }),
          isDrawn && button('Vary', close(() => again(job, image, { newSeed: true })), { icon: 'vary' }),
          button('Use as input', close(() => begin(job, image)), { icon: 'create' }),
          button('Enlarge', close(() => enlargeOne(image)), { icon: 'enlarge' }),
          button('Copy infotext', infotext(image), { icon: 'copy' }),
          download(image),
          el('a', { class: 'button', href: `#logs/${job.id}`, onclick: () => dialog.close() }, 'Log'),
          button('Delete', close(() => remove(job.id)), { icon: 'trash', class: 'danger' })),
        el('dl', {}, facts(job).flatMap(([name, value]) => [el('dt', {}, name), el('dd', {}, `${value}`)])))));
  if (!dialog.open) dialog.showModal();
});

function download(image) {
  const link = el('a', { class: 'button', href: withKey(image.url), download: `${image.id}.png` }, 'Download');
  return link;
}
