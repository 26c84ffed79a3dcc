import { api, get, on, post } from './api.js';
import { button, el, guarded, labelled, options, store, stored } from './dom.js';
import { canDraw, catalogue, needsPicture, stateOf, takesPicture } from './catalogue.js';
import { enlargePanel } from './enlarge.js';
import { earlier, loraField, seedField, sizeField } from './fields.js';
import { inputPanel } from './input.js';
import { modelPicker } from './picker.js';
import { stagePanel, watch } from './stage.js';

const keptName = 'sdstudio.create';
const examples = {
  demo: ['a red circle on a blue background', 'a large green cross on a white background', 'a small yellow square on the left'],
  other: ['a lighthouse on a cliff at dusk, oil painting', 'portrait of a fox in a raincoat, 35 mm photograph', 'isometric tiny bookshop, soft light'],
};

let form;
let picker;
let size;
let seed;
let loras;
let input;
let enlarge;
let problem;
let hint;
let histories;
let mode;

const field = name => form.elements[name];

// Only what the chosen model can do is shown.
function suit(model) {
  if (!form || !model) return;
  const { limits, samplers, schedulers } = catalogue.config;
  size.suit(model, limits);
  [field('steps').placeholder, field('steps').max] = [model.generation_params.sample_steps, limits.max_steps];
  [field('cfg_scale').placeholder, field('n').max] = [model.generation_params.cfg_scale, limits.max_images];
  for (const [name, values] of [['sampler', samplers], ['scheduler', schedulers]]) {
    const own = name === 'sampler' ? model.generation_params.sampling_method : null;
    options(field(name), [['', own ? `The model’s: ${own}` : 'The model’s'], ...values.map(value => [value])]);
  }
  form.querySelector('#negative').hidden = !model.supports_negative_prompt;
  input.element.hidden = !takesPicture(model);
  tellWhatIsMissing();
  showExamples(model);
}

function tellWhatIsMissing() {
  if (!picker?.model) return;
  const lacksPicture = needsPicture(picker.model) && !input.hasPicture;
  form.querySelector('#draw').disabled = !canDraw(picker.model) || lacksPicture;
  hint.textContent = !canDraw(picker.model) ? `${picker.model.name} cannot draw yet: ${stateOf(picker.model)}.`
    : lacksPicture ? `${picker.model.name} changes pictures: give it one to begin from, below.` : '';
  hint.hidden = hint.textContent === '';
}

function settings() {
  const model = picker.model;
  const body = { model: model.id, prompt: field('prompt').value.trim(), size: size.value, n: Number(field('n').value) || 1 };
  if (model.supports_negative_prompt && field('negative_prompt').value.trim()) body.negative_prompt = field('negative_prompt').value.trim();
  for (const name of ['steps', 'cfg_scale']) if (field(name).value) body[name] = Number(field(name).value);
  for (const name of ['sampler', 'scheduler']) if (field(name).value) body[name] = field(name).value;
  if (loras.value.length > 0) body.loras = loras.value;
  return body;
}

function complain(text, name) {
  problem.textContent = text;
  problem.hidden = !text;
  for (const element of form.elements) element.removeAttribute('aria-invalid');
  if (!name || !field(name)) return;
  field(name).setAttribute('aria-invalid', 'true');
  const details = field(name).closest?.('details');
  if (details) details.open = true;
  field(name).focus();
}

const request = async body => {
  const begins = !input.element.hidden && input.hasPicture;
  if (!begins) return post('/api/queue/generate', body);
  const data = new FormData();
  for (const [name, value] of Object.entries(body)) data.append(name, typeof value === 'object' ? JSON.stringify(value) : value);
  await input.addTo(data);
  return api('POST', '/api/queue/edit', data);
};

async function draw(event) {
  event?.preventDefault();
  if (form.querySelector('#draw').disabled) return;
  const body = settings();
  complain('');
  if (!body.prompt) {
    complain('Write what you want to see, then press Enter.', 'prompt');
    return;
  }
  store(keptName, { ...body, seed: field('seed').value, isLocked: seed.isLocked });
  histories.prompts.add(body.prompt);
  histories.negatives.add(body.negative_prompt);
  const given = seed.take();
  if (given !== undefined) body.seed = given;
  form.querySelector('#draw').disabled = true;
  try {
    const { job_id: id } = await request(body);
    await watch(id);
  } catch (error) {
    // The server names the field first.
    complain(error.message, /^(\w+)( is|:)/.exec(error.message)?.[1]);
  } finally {
    tellWhatIsMissing();
  }
}

/** Puts the settings of a picture into the form; draws it again with its seed, or with a new one. */
export const again = guarded(async (job, image, { newSeed }) => {
  location.hash = '#create';
  await ready;
  setMode('draw');
  const old = await get(`/api/images/${image.id}/parameters`);
  picker.choose(old.model);
  field('prompt').value = old.prompt;
  field('negative_prompt').value = old.negative_prompt ?? '';
  size.value = old.size;
  for (const name of ['steps', 'cfg_scale', 'sampler', 'scheduler']) field(name).value = old[name] ?? '';
  field('n').value = 1;
  loras.value = old.loras;
  seed.set(newSeed ? null : old.seed, false);
  if (job.input_image_path) await input.restore(job);
  else input.clear();
  await draw();
});

/** Begins the next picture from one that is there. */
export const begin = guarded(async (job, image) => {
  location.hash = '#create';
  await ready;
  setMode('draw');
  if (!takesPicture(picker.model)) picker.choose(catalogue.models.find(model => canDraw(model) && takesPicture(model))?.id);
  if (job.prompt) field('prompt').value = job.prompt;
  size.value = `${image.width}x${image.height}`;
  await input.use(image.id);
  input.element.scrollIntoView({ block: 'nearest' });
});

export const enlargeOne = guarded(async image => {
  location.hash = '#create';
  await ready;
  setMode('enlarge');
  await enlarge.use(image.id);
});

function setMode(name) {
  mode.querySelector(`[value=${name}]`).checked = true;
  form.hidden = name !== 'draw';
  enlarge.element.hidden = name !== 'enlarge';
}

function modes() {
  const choice = (value, text, checked) => el('label', {}, el('input', { type: 'radio', name: 'mode', value, checked, onchange: () => setMode(value) }), el('span', { class: 'chip' }, text));
  return el('fieldset', { class: 'plain modes' }, el('legend', { class: 'unseen' }, 'What to do'), choice('draw', 'Draw', true), choice('enlarge', 'Enlarge', false));
}

const shownExamples = el('div', { class: 'examples' });
function showExamples(model) {
  shownExamples.replaceChildren(...(examples[model.id] ?? examples.other).map(text => button(text, () => {
    field('prompt').value = text;
    draw();
  }, { class: 'chip' })));
}

const empty = () => el('div', { class: 'empty' }, el('h2', {}, 'What would you like to see?'), el('p', { class: 'soft' }, 'Write it, press Enter, and watch it appear here. Or begin with one of these:'), shownExamples);

let whenReady;
const ready = new Promise(resolve => { whenReady = resolve; });

export async function start(section) {
  input = inputPanel({ title: 'Begin from a picture', withMask: true, changed: tellWhatIsMissing });
  [size, seed, loras] = [sizeField(), seedField(), loraField()];
  problem = el('p', { class: 'error', role: 'alert', hidden: true });
  hint = el('p', { class: 'soft', hidden: true });
  const enter = event => { if (event.key === 'Enter' && !event.shiftKey && !event.isComposing) draw(event); };
  const prompt = el('textarea', { name: 'prompt', id: 'prompt', rows: 3, placeholder: 'What do you want to see?', onkeydown: enter });
  const negative = el('textarea', { name: 'negative_prompt', id: 'negative_prompt', rows: 2, placeholder: 'What to leave out', onkeydown: enter });
  histories = { prompts: earlier('prompts', 'prompt', prompt), negatives: earlier('negatives', 'negative prompt', negative) };
  const pickerPlace = el('div', {});
  form = el('form', { class: 'form', novalidate: true, onsubmit: draw },
    el('div', { class: 'card ask' },
      el('div', {}, el('div', { class: 'titled' }, el('label', { for: 'prompt' }, 'Prompt'), histories.prompts.toggle), prompt, histories.prompts.list),
      el('div', { id: 'negative', hidden: true }, el('div', { class: 'titled' }, el('label', { for: 'negative_prompt' }, 'Negative prompt'), histories.negatives.toggle), negative, histories.negatives.list),
      problem, hint,
      el('div', { class: 'draw' }, labelled('Pictures', el('input', { name: 'n', type: 'number', min: 1, value: 1 })), el('button', { id: 'draw', class: 'main' }, 'Draw'))),
    el('div', { class: 'card settings' },
      pickerPlace, size.element, seed.element, loras.element,
      el('details', {}, el('summary', {}, 'Steps, cfg scale, sampler, scheduler'),
        el('div', { class: 'two' },
          labelled('Steps', el('input', { name: 'steps', type: 'number', min: 1 })),
          labelled('Cfg scale', el('input', { name: 'cfg_scale', type: 'number', min: 0, max: 100, step: 'any' })),
          labelled('Sampler', el('select', { name: 'sampler' })), labelled('Scheduler', el('select', { name: 'scheduler' })))),
      input.element));
  picker = modelPicker(model => suit(model));
  pickerPlace.replaceWith(picker.element);
  enlarge = enlargePanel();
  mode = modes();
  section.append(el('div', { class: 'create' }, el('div', { class: 'form left' }, mode, form, enlarge.element), stagePanel(empty(), job => seed.drawn(job.seed))));
  suit(picker.model);
  restore();
  setMode('draw');
  await loras.load();
  on('models_changed', () => loras.load());
  whenReady();
}

function restore() {
  const last = stored(keptName, {});
  if (last.model) picker.choose(last.model);
  for (const name of ['prompt', 'negative_prompt', 'steps', 'cfg_scale', 'sampler', 'scheduler', 'n']) if (last[name] !== undefined) field(name).value = last[name];
  if (last.size) size.value = last.size;
  loras.value = last.loras;
  if (last.isLocked) seed.set(last.seed, true);
}
