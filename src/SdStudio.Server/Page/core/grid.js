// A grid: images that differ in what two or three axes say.
import { computed } from '../lib.js';
import { dataUrl, post } from './api.js';
import { draft, hasInput, model, obstacle, place, request, sent, set } from './draft.js';
import { hasGuides } from './guides.js';
import { feather, input } from './input.js';
import { isTaken, labelOf, parameters } from './parameters.js';
import { t } from './text.js';

export const axisNames = ['x', 'y', 'z'];
const replaces = 'prompt_replace';
const lora = 'lora:';

/** What can change along an axis. @type {{readonly value: {value: string, text: string}[]}} */
export const fields = computed(() => [
  { value: replaces, text: t('grid.replace') }, { value: 'model', text: labelOf('model') }, { value: 'seed', text: labelOf('seed') }, ...hasInput.value ? [{ value: 'strength', text: labelOf('strength') }] : [],
  ...draft.value.loras.map(({ name }) => ({ value: lora + name, text: t('grid.lora', { name }) })),
  ...(model.value ? parameters.value.filter(parameter => ['whole', 'number', 'choice'].includes(parameter.kind) && isTaken(parameter, model.value, hasInput.value) && parameter.name !== 'priority') : [])
    .map(({ name }) => ({ value: name, text: labelOf(name) })),
]);

/** @typedef {{field: string, values: string}} Axis */
/** @returns {Axis} */
export const axisOf = name => draft.value.grid?.[name] ?? { field: '', values: '' };
/** @param {Partial<Axis>} changes */
export const setAxis = (name, changes) => set({ grid: { ...draft.value.grid, [name]: { ...axisOf(name), ...changes } } });

const isText = field => field === replaces || field === 'model';
function valuesOf({ field, values }) {
  const texts = values.split(',').map(text => text.trim()).filter(Boolean);
  return isText(field) ? texts : texts.map(text => Number.isNaN(Number(text)) ? text : Number(text));
}

/** The axes that say something, as requests have them. */
const axes = computed(() => Object.fromEntries(axisNames.filter(name => axisOf(name).field && valuesOf(axisOf(name)).length > 0).map(name => [name, { field: axisOf(name).field, values: valuesOf(axisOf(name)) }])));
/** How many images that makes; 0 for no grid. */
export const cellCount = computed(() => Object.keys(axes.value).length === 0 ? 0 : Object.values(axes.value).reduce((product, axis) => product * axis.values.length, 1));
/** Why it cannot be generated; empty for no reason. */
export const gridObstacle = computed(() => obstacle.value || (model.value && hasGuides(model.value) ? t('grid.noGuides') : ''));

async function basis() {
  const body = request();
  delete body.n;
  if (!hasInput.value) return body;
  const { sourceId, blob, mask } = input.value;
  Object.assign(body, sourceId ? { source_image_id: sourceId } : { image: await dataUrl(blob) }, { strength: Number(draft.value.strength) });
  const painted = mask.isEmpty ? null : await mask.toBlob(0);
  return painted ? { ...body, mask: await dataUrl(painted), mask_blur: feather.value } : body;
}

export async function generateGrid() {
  try {
    await sent(async () => post('/api/queue/grid', { base: await basis(), ...axes.value }));
  } catch (error) {
    place(error);
  }
}
