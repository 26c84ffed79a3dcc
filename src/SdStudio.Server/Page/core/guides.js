// Images that a model looks at besides the one it starts from: references, what a ControlNet follows, and people by their names.
import { computed, signal } from '../lib.js';
import { api, get } from './api.js';
import { guarded } from './notices.js';

/** @typedef {{blob: Blob, name: string, url: string}} GuideImage @typedef {{name: string, images: {id: string, url: string}[]}} Person */

/** @type {import('./types').Signal<GuideImage[]>} */
export const references = signal([]);
/** What a ControlNet follows; no image is the input image. @type {import('./types').Signal<{model: string, weight: string, preprocessor: string, image: GuideImage|null}>} */
export const control = signal({ model: '', weight: '1', preprocessor: 'none', image: null });
/** @type {import('./types').Signal<Person[]|null>} */
export const people = signal(null);

export const referenceCount = model => model?.reference_images ?? 0;
export const netsOf = model => model?.control_nets ?? [];

const guideOf = file => ({ blob: file, name: file.name || 'image.png', url: URL.createObjectURL(file) });
export const addReferences = files => { references.value = [...references.value, ...[...files].filter(file => file.type.startsWith('image/')).map(guideOf)]; };
export function removeReference(url) {
  URL.revokeObjectURL(url);
  references.value = references.value.filter(image => image.url !== url);
}
export function setControlImage(file) {
  if (control.value.image) URL.revokeObjectURL(control.value.image.url);
  control.value = { ...control.value, image: file ? guideOf(file) : null };
}

/** What of these goes with a request. @param {import('./types').Model} model */
export const guidesOf = model => ({
  references: references.value.slice(0, referenceCount(model)), control: netsOf(model).includes(control.value.model) ? control.value : null,
});
export const hasGuides = model => {
  const { references: images, control: net } = guidesOf(model);
  return images.length > 0 || net !== null;
};

/** @param {FormData} data @param {import('./types').Model} model */
export function appendGuides(data, model) {
  const { references: images, control: net } = guidesOf(model);
  for (const { blob, name } of images) data.append('ref_images', blob, name);
  if (!net) return;
  data.append('control', JSON.stringify([{ model: net.model, weight: Number(net.weight), preprocessor: net.preprocessor }]));
  if (net.image) data.append('control_image', net.image.blob, net.image.name);
}

export const refreshPeople = guarded(async () => { people.value = (await get('/api/people')).people; });
export const addToPerson = guarded(async (name, files) => {
  const data = new FormData();
  for (const file of files) data.append('image', file, file.name || 'image.png');
  await api('POST', `/api/people/${encodeURIComponent(name)}`, data);
  await refreshPeople();
});
export const removePerson = guarded(async name => {
  await api('DELETE', `/api/people/${encodeURIComponent(name)}`);
  await refreshPeople();
});
export const removePersonImage = guarded(async (name, id) => {
  await api('DELETE', `/api/people/${encodeURIComponent(name)}/images/${encodeURIComponent(id)}`);
  await refreshPeople();
});
export const hasPeople = computed(() => (people.value?.length ?? 0) > 0);
