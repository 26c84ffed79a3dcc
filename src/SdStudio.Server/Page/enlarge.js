import { api, on } from './api.js';
import { button, el, labelled, options, put } from './dom.js';
import { catalogue, download } from './catalogue.js';
import { inputPanel } from './input.js';
import { downloading, tellDownload } from './models.js';
import { watch } from './stage.js';

const factors = [2, 3, 4, 8];

// A picture of the gallery or of this machine, larger.
export function enlargePanel() {
  const input = inputPanel({ title: 'The picture to enlarge', withMask: false, changed: tellSize });
  let isChosen = false;
  const upscaler = el('select', { name: 'upscaler', onchange: () => { isChosen = true; tellUpscaler(); } });
  const note = el('div', { class: 'note' });
  const other = el('input', { type: 'number', name: 'factor', min: 0.1, max: 16, step: 'any', value: 2, oninput: tellSize });
  const result = el('p', { class: 'soft' });
  const problem = el('p', { class: 'error', role: 'alert', hidden: true });
  const go = el('button', { class: 'main', id: 'enlarge' }, 'Enlarge');
  const element = el('form', { class: 'form', hidden: true, novalidate: true, onsubmit: enlarge },
    el('div', { class: 'card' }, input.element, labelled('Upscaler', upscaler), note,
      el('fieldset', { class: 'plain' }, el('legend', {}, 'How many times wider and higher'), el('div', { class: 'row factors' },
        factors.map(factor => button(`${factor} ×`, () => { other.value = factor; tellSize(); }, { class: 'chip' })), labelled('Factor', other))),
      result, problem, go));
  const chosen = () => catalogue.upscalers.find(known => known.id === upscaler.value);

  function tellSize() {
    const size = input.size;
    result.textContent = size ? `${size.width} × ${size.height} becomes ${Math.round(size.width * other.value)} × ${Math.round(size.height * other.value)} pixels` : '';
    go.disabled = !size || !chosen()?.exists;
  }

  function tellUpscaler() {
    const known = chosen();
    const state = known && catalogue.downloads.get(known.id);
    put(note,
      known?.description && el('p', { class: 'soft' }, known.description),
      state?.status === 'failed' && el('p', { class: 'error' }, `The download failed: ${state.error}`),
      state?.status === 'downloading' && downloading(state, known.name),
      known && !known.exists && state?.status !== 'downloading' && (known.downloadable
        ? button('Download it', () => download(known.id), { icon: 'download' })
        : el('p', { class: 'soft' }, 'Its file is missing.')));
    tellSize();
  }

  function fill() {
    options(upscaler, catalogue.upscalers.map(known => [known.id, known.exists ? known.name : `${known.name} – its file is missing`]));
    // The first that can be used, until somebody has chosen.
    if (!isChosen) upscaler.value = (catalogue.upscalers.find(known => known.exists) ?? catalogue.upscalers[0])?.id;
    tellUpscaler();
  }

  async function enlarge(event) {
    event.preventDefault();
    if (go.disabled) return;
    problem.hidden = true;
    go.disabled = true;
    const data = new FormData();
    data.append('upscaler', upscaler.value);
    data.append('upscale_factor', other.value);
    try {
      await input.addTo(data);
      const { job_id: id } = await api('POST', '/api/queue/upscale', data);
      await watch(id);
    } catch (error) {
      [problem.textContent, problem.hidden] = [error.message, false];
    } finally {
      tellSize();
    }
  }

  on('catalogue', fill);
  on('downloading', state => {
    const place = note.querySelector('.download');
    if (state.model === upscaler.value && place) tellDownload(place, state);
    else if (state.model === upscaler.value) tellUpscaler();
  });
  fill();
  return { element, use: id => input.use(id) };
}
