// The settings of a request as a table: the form, its limits, its help and what is sent are made of it.
// This is the place to read them from the server when it publishes them.
import { config, upscalers } from './store.js';
import { takesImage } from './catalogue.js';

/**
 * @typedef {object} Parameter
 * @property {string} name as the API has it
 * @property {'whole'|'number'|'choice'|'flag'} kind
 * @property {'basic'|'advanced'|'hires'} group
 * @property {number} [min]
 * @property {number|(() => number)} [max]
 * @property {number} [step]
 * @property {(model: import('./types').Model) => string|number|null} [usual] what is used when nothing is given
 * @property {() => {value: string, text: string}[]} [choices]
 * @property {(model: import('./types').Model, hasInput: boolean) => boolean} [when] whether it means anything now
 */

const plain = names => names.map(name => ({ value: name, text: name }));

/** @type {Parameter[]} */
export const parameters = [
  { name: 'steps', kind: 'whole', group: 'basic', min: 1, max: () => config.value?.limits.max_steps ?? 150, usual: model => model.generation_params.sample_steps },
  { name: 'cfg_scale', kind: 'number', group: 'basic', min: 0, max: 100, step: 0.5, usual: model => model.generation_params.cfg_scale },
  { name: 'sampler', kind: 'choice', group: 'advanced', choices: () => plain(config.value?.samplers ?? []), usual: model => model.generation_params.sampling_method },
  { name: 'scheduler', kind: 'choice', group: 'advanced', choices: () => plain(config.value?.schedulers ?? []) },
  { name: 'guidance', kind: 'number', group: 'advanced', min: 0, max: 100, step: 0.5 },
  { name: 'clip_skip', kind: 'whole', group: 'advanced', min: -1, max: 12 },
  { name: 'flow_shift', kind: 'number', group: 'advanced', min: 0, max: 100, step: 0.5 },
  { name: 'eta', kind: 'number', group: 'advanced', min: 0, max: 10, step: 0.1 },
  { name: 'priority', kind: 'whole', group: 'advanced', min: -10, max: 10 },
  { name: 'vae_tiling', kind: 'flag', group: 'advanced' },
  { name: 'tiling', kind: 'flag', group: 'advanced' },
  { name: 'hires_scale', kind: 'number', group: 'hires', min: 1, max: 8, step: 0.25, when: (model, hasInput) => !hasInput && model.exec_mode !== 'api' },
  {
    name: 'hires_upscaler', kind: 'choice', group: 'hires', when: (model, hasInput) => !hasInput && model.exec_mode !== 'api',
    choices: () => upscalers.value.filter(upscaler => upscaler.exists).map(upscaler => ({ value: upscaler.name, text: upscaler.name })),
  },
  { name: 'hires_steps', kind: 'whole', group: 'hires', min: 1, max: () => config.value?.limits.max_steps ?? 150, when: (model, hasInput) => !hasInput && model.exec_mode !== 'api' },
  { name: 'hires_strength', kind: 'number', group: 'hires', min: 0, max: 1, step: 0.05, when: (model, hasInput) => !hasInput && model.exec_mode !== 'api' },
];

// Those with places of their own in the form.
/** @type {Parameter[]} */
export const special = [
  { name: 'n', kind: 'whole', group: 'basic', min: 1, max: () => config.value?.limits.max_images ?? 10 },
  { name: 'width', kind: 'whole', group: 'basic', min: 8, max: () => config.value?.limits.max_side ?? 4096 },
  { name: 'height', kind: 'whole', group: 'basic', min: 8, max: () => config.value?.limits.max_side ?? 4096 },
  { name: 'seed', kind: 'whole', group: 'basic', min: 0, max: Number.MAX_SAFE_INTEGER },
  { name: 'strength', kind: 'number', group: 'basic', min: 0, max: 1, step: 0.05, when: takesImage },
];
export const everyParameter = [...parameters, ...special];

export const maxOf = parameter => typeof parameter.max === 'function' ? parameter.max() : parameter.max;

/** What is wrong with a value: null for nothing. @param {Parameter} parameter */
export function problemOf(parameter, value) {
  if (value === '' || value === undefined || parameter.kind === 'choice' || parameter.kind === 'flag') return null;
  const number = Number(value);
  const isNumber = Number.isFinite(number) && (parameter.kind !== 'whole' || Number.isInteger(number));
  return isNumber && number >= parameter.min && number <= maxOf(parameter) ? null : parameter.kind;
}

const shapes = [[1, 1], [4, 3], [3, 4], [16, 9], [9, 16]];
/** Sizes with as many pixels as the model's own, in steps that its family draws well. */
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
