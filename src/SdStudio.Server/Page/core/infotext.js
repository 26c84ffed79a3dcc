// Settings that images and texts bring along: the server reads them, whoever wrote them.
import { api, post } from './api.js';

/** @typedef {{program: string, request: Record<string, any>, ignored: string[], model: string|null, local_model: string|null}} FoundSettings */

/** Whether a text looks like settings: those of Automatic1111 and its relatives, or a JSON of others. @param {string} text */
export const isSettings = text => /(^|\n)\s*(Steps|Seed|Size): [^\n]*, [^\n]*(Seed|Size|Sampler|Steps|Model)[^\n]*$/.test(text.trim())
  || /^\s*\{[\s\S]*"(prompt|positive_prompt|sui_image_params|class_type)"/.test(text);

/** @param {string} text @returns {Promise<FoundSettings>} */
export const readText = text => post('/api/settings/read', { text });

/** The settings inside a file; null where there are none. @param {Blob} file @returns {Promise<FoundSettings|null>} */
export async function readFile(file) {
  const data = new FormData();
  data.append('image', file, 'image');
  // What the server refuses as too large is no reason not to ask what to do with it.
  return api('POST', '/api/settings/read', data).catch(() => null);
}

/** Takes images into the gallery. @param {File[]} files @returns {Promise<{imported: number, known: number, failed: number, problems: {file: string, problem: string}[]}>} */
export function importImages(files) {
  const data = new FormData();
  for (const file of files) data.append('files', file, file.name);
  return api('POST', '/api/images/import', data);
}
