// What prompts are made of: styles, presets, templates.
import { signal } from '../lib.js';
import { api, dataUrl, get, post } from './api.js';
import { guarded } from './notices.js';

/** @typedef {{name: string, prompt: string, negative_prompt: string}} Style @typedef {{name: string, settings: Record<string, any>}} Preset */

/** @type {import('./types').Signal<Style[]>} */
export const styles = signal([]);
/** @type {import('./types').Signal<Preset[]>} */
export const presets = signal([]);

export const refreshWords = guarded(async () => {
  const [known, kept] = await Promise.all([get('/api/styles'), get('/api/presets')]);
  styles.value = known.styles;
  presets.value = kept.presets;
});

/** Keeps settings under a name, in place of those that had it. */
export const keepPreset = guarded(async (name, settings) => {
  await api('PUT', `/api/presets/${encodeURIComponent(name)}`, settings);
  await refreshWords();
});
export const removePreset = guarded(async name => {
  await api('DELETE', `/api/presets/${encodeURIComponent(name)}`);
  await refreshWords();
});
export const keepStyle = guarded(async (name, style) => {
  await api('PUT', `/api/styles/${encodeURIComponent(name)}`, style);
  await refreshWords();
});

/** What a template makes. @returns {Promise<{prompt: string, negative_prompt: string|null}[]>} */
export const previewTemplate = async fields => (await post('/api/templates/preview', fields)).prompts;

/** How many tokens a prompt has. @returns {Promise<{tokens: number, exact: boolean, at_once: number|null}>} */
export const countTokens = (prompt, model, around) => post('/api/prompts/tokens', { prompt, model, styles: around });
/** A longer prompt of a short one, by the language model. @returns {Promise<string>} */
export const expanded = async prompt => (await post('/api/prompts/expand', { prompt })).prompt;
/** A prompt of an image, by the language model. @param {Blob} blob @returns {Promise<string>} */
export const described = async blob => (await post('/sdapi/v1/interrogate', { image: await dataUrl(blob) })).caption;
