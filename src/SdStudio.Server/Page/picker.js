import { on, post } from './api.js';
import { button, el, guarded, labelled, options, put } from './dom.js';
import { canDraw, catalogue, download, kindOf, memoryOf, missing, stateOf } from './catalogue.js';
import { downloading, tellDownload } from './models.js';

// The model to draw with, what state it is in, and what can be done about that.
export function modelPicker(changed) {
  const select = el('select', { name: 'model', onchange: () => show() });
  const note = el('div', { class: 'note' });
  const chosen = () => catalogue.models.find(model => model.id === select.value);

  function show() {
    const model = chosen();
    if (!model) {
      put(note, el('p', { class: 'error' }, 'There is no model; put one into data/models.yml.'));
      return;
    }
    const state = catalogue.downloads.get(model.id);
    put(note,
      el('p', {}, el('span', { class: `state ${kindOf(model)}` }, stateOf(model)), model.pinned && el('span', { class: 'state' }, 'pinned'), el('span', { class: 'soft' }, ` Memory: ${memoryOf(model)}`)),
      model.description && el('p', { class: 'soft' }, model.description),
      model.problem && model.status !== 'running' && el('p', { class: 'error' }, model.problem),
      state?.status === 'failed' && el('p', { class: 'error' }, `The download failed: ${state.error}`),
      state?.status === 'downloading' && downloading(state, model.name),
      state?.status !== 'downloading' && missing(model).length > 0 && (model.huggingface
        ? button('Download what is missing', () => download(model.id), { icon: 'download' })
        : el('p', { class: 'soft' }, `Missing: ${missing(model).map(file => file.filePath).join(', ')}`)),
      canDraw(model) && kindOf(model) === 'stopped' && button('Load it now', guarded(() => post(`/api/models/${model.id}/start`)), { icon: 'play', class: 'small' }));
    changed(model);
  }

  function fill() {
    options(select, catalogue.models.map(model => [model.id, `${model.name} – ${stateOf(model)}`]));
    if (!chosen() && catalogue.models.length > 0) select.value = catalogue.models.some(model => model.id === catalogue.default) ? catalogue.default : catalogue.models[0].id;
    show();
  }

  on('catalogue', fill);
  on('downloading', state => {
    const place = note.querySelector('.download');
    if (state.model === select.value && place) tellDownload(place, state);
    else if (state.model === select.value) show();
  });
  fill();
  return {
    element: el('div', { class: 'form' }, labelled('Model', select), note),
    get model() { return chosen(); },
    choose(id) {
      if (catalogue.models.some(model => model.id === id)) select.value = id;
      show();
    },
  };
}
