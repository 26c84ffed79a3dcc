// The settings of a request, made of the server's table of them: a new row there is a new field here. Only where a field
// stands, and what it is called in other languages, is the page's own.
import { computed } from '../lib.js';
import { latentUpscalers, models, parameterTable, upscalers } from './store.js';
import { has, t } from './text.js';

/**
 * @typedef {import('./types').ParameterRow} ParameterRow
 * @typedef {object} Parameter
 * @property {string} name as the API has it
 * @property {'whole'|'number'|'choice'|'flag'|'list'|'text'} kind
 * @property {'basic'|'words'|'advanced'|'hires'|'mask'} group
 * @property {number|null} min
 * @property {number|null} max
 * @property {ParameterRow} row
 */

/** @type {Record<string, Parameter['kind']>} */
const kinds = { integer: 'whole', number: 'number', choice: 'choice', flag: 'flag', integers: 'list', text: 'text', texts: 'text' };
/** @type {[RegExp, Parameter['group']][]} */
const groups = [[/^(steps|cfg_scale|frames|fps)$/, 'basic'], [/^(template|combinatorial)$/, 'words'], [/^hires_/, 'hires'], [/^(mask|inpaint)_/, 'mask']];

// These have places of their own, or none: nobody at this page waits for an answer that could be left.
const placed = new Set(['prompt', 'negative_prompt', 'model', 'n', 'seed', 'strength', 'source_image_id', 'mask_blur', 'preset', 'styles', 'on_disconnect']);
// What changes no pixel stands behind all that does.
const last = ['priority', 'quality', 'style'];
/** Those of upscaling are asked for where one is made. */
const isOfUpscale = row => row.job_types.length === 1 && row.job_types[0] === 'upscale';

// Names of what there is here.
/** @type {Record<string, () => {value: string|null, text: string}[]>} */
const choicesByName = {
  hires_upscaler: () => [...upscalers.value.filter(upscaler => upscaler.exists).map(upscaler => upscaler.name), ...latentUpscalers.value].map(value => ({ value, text: value })),
  hires_model: () => [{ value: null, text: t('choice.hires_model.same') },
    ...(models.value ?? []).filter(model => model.exec_mode !== 'api' && !model.makes_videos && model.fileStatus.files.every(file => file.exists)).map(model => ({ value: model.id, text: model.name }))],
};

/** @param {ParameterRow} row @returns {Parameter} */
function parameterOf(row) {
  const group = groups.find(([pattern]) => pattern.test(row.name))?.[1] ?? 'advanced';
  // The table has a name, people choose among what there is; and what is neither on nor off by itself has three states.
  const isOpen = row.type === 'flag' && row.default === null && group !== 'words';
  return { name: row.name, kind: row.name in choicesByName || isOpen ? 'choice' : kinds[row.type], group, min: row.minimum, max: row.maximum, row: isOpen ? { ...row, values: ['true', 'false'] } : row };
}

/** The fields that the form is made of. @type {{readonly value: Parameter[]}} */
export const parameters = computed(() => (parameterTable.value ?? []).filter(row => row.type in kinds && !placed.has(row.name) && !isOfUpscale(row)).map(parameterOf)
  .sort((a, b) => last.indexOf(a.name) - last.indexOf(b.name)));

const rowOf = name => parameterTable.value?.find(row => row.name === name);

// Those with places of their own in the form.
/** @type {[string, string][]} */
const ownPlace = [['n', 'n'], ['width', 'size'], ['height', 'size'], ['seed', 'seed'], ['strength', 'strength']];
/** @type {{readonly value: Parameter[]}} */
export const special = computed(() => ownPlace.filter(([, name]) => rowOf(name)).map(([name, of]) => {
  const row = rowOf(of);
  return /** @type {Parameter} */ ({ name, kind: name === 'strength' ? 'number' : 'whole', group: 'basic', min: Math.max(0, row.minimum), max: row.maximum, row });
}));
export const everyParameter = computed(() => [...parameters.value, ...special.value]);

/** The range of a field. @returns {{min: number, max: number}} */
export const rangeOf = (name, otherwise = { min: 0, max: Number.MAX_SAFE_INTEGER }) => special.value.find(parameter => parameter.name === name) ?? otherwise;

export const labelOf = name => has(`field.${name}`) ? t(`field.${name}`) : rowOf(name)?.infotext_label ?? `${name[0].toUpperCase()}${name.slice(1).replaceAll('_', ' ')}`;
export const helpOf = name => has(`help.${name}`) ? t(`help.${name}`) : rowOf(name)?.help ? `${rowOf(name).help}.` : '';

/** A range and a default, in a sentence. @param {Parameter} parameter */
export function rangeText({ kind, min, max, row }) {
  const range = kind === 'whole' || kind === 'number' || kind === 'list' ? t('help.range', { min, max }) : '';
  const usual = row.default === null || row.model_default || typeof row.default === 'boolean' || row.default === '' ? '' : t('help.default', { value: row.default });
  return [range, usual].filter(Boolean).join(' ');
}

/** Whether a field means anything for a model, and for what is made of it. @param {Parameter} parameter @param {import('./types').Model} model */
export function isTaken({ row }, model, hasInput) {
  if (!row.job_types.includes(model.makes_videos ? 'video' : hasInput ? 'edit' : 'generate')) return false;
  // What is about the job and not about the image stays here.
  // The names of another server's models are not known here.
  if (model.exec_mode === 'api') return row.name !== 'hires_model' && (row.forwarded || row.job_types.includes('upscale'));
  return !row.families || !model.family || row.families.includes(model.family);
}

/** What is used when nothing is given; null where only the server knows. @param {Parameter} parameter @param {import('./types').Model} model */
export function usualOf({ name, row }, model) {
  const own = { steps: model.generation_params.sample_steps, cfg_scale: model.generation_params.cfg_scale, sampler: model.generation_params.sampling_method }[name];
  return own ?? (row.model_default || typeof row.default === 'boolean' ? null : row.default);
}

/** @param {Parameter} parameter @returns {{value: string|null, text: string}[]} */
export const choicesOf = ({ name, row }) => choicesByName[name]?.() ?? (row.values ?? []).map(value => ({ value, text: has(`choice.${name}.${value}`) ? t(`choice.${name}.${value}`) : row.type === 'flag' ? t(`choice.${value}`) : value }));

const isWithin = (value, { kind, min, max }) => {
  const number = Number(value);
  return value !== '' && Number.isFinite(number) && (kind === 'number' || Number.isInteger(number)) && (min === null || number >= min) && (max === null || number <= max);
};
const numbersOf = text => `${text}`.split(/[\s,;]+/).filter(Boolean);

/** What is wrong with a value: null for nothing. @param {Parameter} parameter */
export function problemOf(parameter, value) {
  if (value === '' || value === undefined || parameter.kind === 'choice' || parameter.kind === 'flag' || parameter.kind === 'text') return null;
  if (parameter.kind === 'list') return numbersOf(value).every(number => isWithin(number, parameter)) ? null : 'list';
  return isWithin(value, parameter) ? null : parameter.kind;
}

/** A value as requests have it. @param {Parameter} parameter */
export const sentOf = ({ kind, row }, value) => row.type === 'texts' ? `${value}`.split(',').map(name => name.trim()).filter(Boolean)
  : kind === 'whole' || kind === 'number' ? Number(value) : kind === 'list' ? numbersOf(value).map(Number) : value;

/** A value of an image as the form has it. */
export const typedOf = ({ name, kind }, value) =>
  value === null || value === undefined || (name === 'clip_skip' && value <= 0) ? undefined : kind === 'flag' ? value : Array.isArray(value) ? value.join(', ') : `${value}`;

const shapes = [[1, 1], [4, 3], [3, 4], [16, 9], [9, 16]];
/** Sizes with as many pixels as the model's own, in steps that suit its family. */
export function sizesOf(model) {
  const [width, height] = model.default_size.split('x').map(Number);
  const area = width * height;
  const step = area >= 512 * 512 ? 64 : 16;
  const side = length => Math.max(step, Math.round(length / step) * step);
  return shapes.map(([across, down]) => ({
    name: `${across}:${down}`, across, down,
    ...(across === down && width === height ? { width, height } : { width: side(Math.sqrt(area * across / down)), height: side(Math.sqrt(area * down / across)) }),
  }));
}
