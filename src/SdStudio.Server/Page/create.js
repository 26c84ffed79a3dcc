import { api, get, on, post, withKey } from './api.js';
import { button, el, guarded, labelled } from './dom.js';
import { open as openPicture } from './gallery.js';
import { canDraw, download, stateOf } from './models.js';
import { cancel, progressText } from './queue.js';
import { inputPanel } from './input.js';

const kept = 'sdstudio.create';
const historyName = 'sdstudio.prompts';
const shapes = [['Square', 1, 1], ['Portrait', 3, 4], ['Landscape', 4, 3], ['Tall', 9, 16], ['Wide', 16, 9]];

let form;
let stage;
let note;
let input;
let models = [];
let config = {};
let watched;

const field = name => form.elements[name];
const chosen = () => models.find(model => model.id === field('model').value);

function sizes(model) {
  const [width, height] = model.default_size.split('x').map(Number);
  const area = width * height;
  const step = area >= 512 * 512 ? 64 : 16;
  return shapes.map(([name, across, down]) => {
    const side = Math.sqrt(area / (across * down));
    return [name, `${Math.max(step, Math.round(side * across / step) * step)}x${Math.max(step, Math.round(side * down / step) * step)}`];
  });
}

function options(select, values) {
  const before = select.value;
  select.replaceChildren(...values.map(([value, text]) => el('option', { value }, text ?? value)));
  if (values.some(([value]) => value === before)) select.value = before;
}

// Only what the chosen model can do is shown.
function suit() {
  const model = chosen();
  if (!model) return;
  options(field('size'), [[model.default_size, `${model.default_size} (its own)`], ...sizes(model).filter(([, size]) => size !== model.default_size).map(([name, size]) => [size, `${size} ${name}`])]);
  field('steps').placeholder = model.generation_params.sample_steps;
  field('cfg_scale').placeholder = model.generation_params.cfg_scale;
  form.querySelector('#negative').hidden = !model.supports_negative_prompt;
  const takesPicture = model.capabilities.some(capability => capability === 'image-to-image' || capability === 'imgedit');
  input.element.hidden = !takesPicture;
  form.querySelector('#draw').disabled = !canDraw(model);
  note.replaceChildren(`${stateOf(model)}${model.problem ? `: ${model.problem}` : ''}`);
  if (!canDraw(model) && model.huggingface) note.append(' ', button('Download', () => download(model)));
}

const loadModels = guarded(async () => {
  const answer = await get('/api/models');
  // The engine may have been loading when the page was opened.
  if (!config.samplers?.length) await loadConfig();
  models = answer.models;
  const before = field('model').value || JSON.parse(localStorage.getItem(kept) ?? '{}').model || answer.default;
  options(field('model'), models.map(model => [model.id, `${model.name} – ${stateOf(model)}`]));
  field('model').value = models.some(model => model.id === before) ? before : models[0]?.id;
  suit();
});

async function loadConfig() {
  config = await get('/api/config');
  for (const name of ['sampler', 'scheduler'])
    options(field(name), [['', 'the model\u2019s'], ...config[`${name}s`].map(value => [value])]);
}

function settings() {
  const model = chosen();
  const body = { model: model.id, prompt: field('prompt').value.trim(), size: field('size').value, n: Number(field('n').value) || 1 };
  if (model.supports_negative_prompt && field('negative_prompt').value.trim()) body.negative_prompt = field('negative_prompt').value.trim();
  for (const name of ['steps', 'cfg_scale']) if (field(name).value) body[name] = Number(field(name).value);
  for (const name of ['sampler', 'scheduler']) if (field(name).value) body[name] = field(name).value;
  if (field('seed').value) body.seed = Number(field('seed').value);
  return body;
}

function remember(body) {
  localStorage.setItem(kept, JSON.stringify({ ...body, lock: field('lock').checked }));
  const prompts = [body.prompt, ...JSON.parse(localStorage.getItem(historyName) ?? '[]').filter(prompt => prompt !== body.prompt)].slice(0, 50);
  localStorage.setItem(historyName, JSON.stringify(prompts));
  form.querySelector('#prompts').replaceChildren(el('option', { value: '' }, 'Earlier prompts'), ...prompts.map(prompt => el('option', { value: prompt }, prompt.slice(0, 80))));
}

const draw = guarded(async event => {
  event?.preventDefault();
  const body = settings();
  if (!body.prompt) {
    field('prompt').focus();
    return;
  }
  if (!field('lock').checked) delete body.seed;
  remember(body);
  const picture = input.element.hidden ? null : await input.files();
  let answer;
  if (picture) {
    const data = new FormData();
    for (const [name, value] of Object.entries(body)) data.append(name, value);
    for (const [name, value] of Object.entries(picture)) data.append(name, value, ...(value instanceof Blob ? [`${name}.png`] : []));
    answer = await api('POST', '/api/queue/edit', data);
  } else {
    answer = await post('/api/queue/generate', body);
  }
  await watch(answer.job_id);
});

// The picture on its way: what the server tells of one job, from wherever it is now.
async function watch(id) {
  watched = id;
  sessionStorage.setItem('sdstudio.watched', id);
  stage.replaceChildren(
    el('progress', { max: 1, value: 0, 'aria-label': 'Progress of the picture' }),
    el('p', { id: 'phase', role: 'status' }, 'Waiting'),
    el('img', { id: 'preview', alt: 'What it looks like so far', hidden: true }),
    button('Cancel', () => cancel({ id })));
  await look(id);
}

const look = guarded(async id => {
  if (id !== watched) return;
  const job = await get(`/api/queue/${id}`);
  if (job.status === 'completed') finished(job);
  else update(job);
});

function update(job) {
  if (job.id !== watched || !stage.querySelector('progress')) return;
  if (job.status === 'failed' || job.status === 'cancelled') {
    stage.replaceChildren(el('p', { class: 'error', role: 'alert' }, job.status === 'failed' ? job.error : 'Cancelled.'),
      button('Try again', guarded(async () => { await post(`/api/queue/${job.id}/retry`); await watch(job.id); })));
    sessionStorage.removeItem('sdstudio.watched');
    return;
  }
  stage.querySelector('progress').value = job.progress;
  stage.querySelector('#phase').textContent = job.status === 'pending'
    ? `Waiting${job.position ? `, place ${job.position}` : ''}${job.waiting_for ? ` for ${job.waiting_for}` : ''}`
    : progressText(job);
}

function finished(job) {
  stage.replaceChildren(
    el('div', { class: 'pictures' }, job.images.map(image =>
      el('button', { type: 'button', onclick: () => openPicture(job.id) },
        el('img', { class: 'result', src: withKey(image.url), width: image.width, height: image.height, alt: job.prompt })))),
    el('p', { class: 'soft' }, `${job.size}, seed ${job.seed}, ${(job.generation_time_ms / 1000).toFixed(1)} s${job.adjustments.length ? `; for want of memory: ${job.adjustments.join(', ')}` : ''}`));
  sessionStorage.removeItem('sdstudio.watched');
  if (!field('lock').checked) field('seed').value = job.seed;
}

/** Puts the settings of a job into the form: draw again, vary, or begin from its picture. */
export const take = guarded(async (job, { picture, newSeed } = {}) => {
  location.hash = '#create';
  await ready;
  if (models.some(model => model.id === job.model)) field('model').value = job.model;
  suit();
  field('prompt').value = job.prompt;
  field('negative_prompt').value = job.negative_prompt ?? '';
  if (![...field('size').options].some(option => option.value === job.size)) field('size').append(el('option', { value: job.size }, job.size));
  field('size').value = job.size;
  for (const name of ['steps', 'cfg_scale']) field(name).value = job[name] ?? '';
  for (const name of ['sampler', 'scheduler']) field(name).value = job[name] ?? '';
  field('seed').value = newSeed ? '' : job.seed;
  field('lock').checked = !newSeed;
  if (picture) await input.use(picture);
  if (newSeed) await draw();
});

let whenReady;
const ready = new Promise(resolve => { whenReady = resolve; });

export async function start(section) {
  input = inputPanel();
  note = el('p', { class: 'soft' });
  stage = el('div', { class: 'stage', 'aria-label': 'The picture' }, el('p', { class: 'soft' }, 'Pictures appear here.'));
  const loras = el('select', { id: 'loras', 'aria-label': 'Add a LoRA', onchange: event => {
    field('prompt').value += ` <lora:${event.target.value}:1>`;
    event.target.value = '';
  } });
  form = el('form', { class: 'form', onsubmit: draw },
    labelled('Model', el('select', { name: 'model', onchange: suit })), note,
    labelled('Prompt', el('textarea', { name: 'prompt', required: true, placeholder: 'a red circle on a blue background', onkeydown: event => {
      if (event.key === 'Enter' && !event.shiftKey && !event.isComposing) draw(event);
    } })),
    el('div', { class: 'row' }, el('select', { id: 'prompts', 'aria-label': 'Earlier prompts', onchange: event => { if (event.target.value) field('prompt').value = event.target.value; } }), loras),
    el('div', { id: 'negative' }, labelled('Negative prompt', el('textarea', { name: 'negative_prompt' }))),
    el('div', { class: 'row' }, labelled('Size', el('select', { name: 'size' })), labelled('Pictures', el('input', { name: 'n', type: 'number', min: 1, max: 10, value: 1 }))),
    el('div', { class: 'row' },
      labelled('Seed', el('input', { name: 'seed', type: 'number', min: 0, max: Number.MAX_SAFE_INTEGER, placeholder: 'random', oninput: () => { field('lock').checked = field('seed').value !== ''; } })),
      el('label', {}, el('input', { name: 'lock', type: 'checkbox' }), ' keep'),
      button('New', () => { field('seed').value = ''; field('lock').checked = false; }, { 'aria-label': 'New seed' })),
    el('details', {}, el('summary', {}, 'Steps, cfg scale, sampler, scheduler'),
      el('div', { class: 'row' },
        labelled('Steps', el('input', { name: 'steps', type: 'number', min: 1 })),
        labelled('Cfg scale', el('input', { name: 'cfg_scale', type: 'number', min: 0, max: 100, step: 'any' })),
        labelled('Sampler', el('select', { name: 'sampler' })), labelled('Scheduler', el('select', { name: 'scheduler' })))),
    input.element,
    el('button', { id: 'draw', class: 'main' }, 'Draw'));
  section.append(el('div', { class: 'create' }, form, stage));
  const names = await get('/sdapi/v1/loras');
  loras.hidden = names.length === 0;
  options(loras, [['', 'Add a LoRA'], ...names.map(lora => [lora.name])]);
  await loadModels();
  restore();
  for (const type of ['model_status_changed', 'models_changed', 'reset', 'download_completed']) on(type, loadModels);
  for (const type of ['job_updated', 'job_progress', 'job_failed', 'job_cancelled']) on(type, update);
  on('job_completed', job => look(job.id));
  on('reset', () => { if (watched) look(watched); });
  on('job_preview', preview => {
    const shown = stage.querySelector('#preview');
    if (!shown || preview.id !== watched) return;
    shown.src = `data:${preview.mime_type};base64,${preview.image}`;
    shown.hidden = false;
  });
  whenReady();
  const id = sessionStorage.getItem('sdstudio.watched');
  if (id) await watch(id).catch(() => sessionStorage.removeItem('sdstudio.watched'));
}

function restore() {
  const last = JSON.parse(localStorage.getItem(kept) ?? '{}');
  for (const name of ['prompt', 'negative_prompt', 'steps', 'cfg_scale', 'sampler', 'scheduler', 'n']) if (last[name] !== undefined) field(name).value = last[name];
  field('lock').checked = last.lock ?? false;
  if (last.lock) field('seed').value = last.seed ?? '';
  if (last.prompt) remember({ ...last });
  else form.querySelector('#prompts').hidden = true;
}
