// Images that a model looks at besides the one it starts from: references, whom it shall look like, what a ControlNet follows, and people by their names.
import { computed, signal } from '../lib.js';
import { api, dataUrl, get, post } from './api.js';
import { guarded } from './notices.js';

/** @typedef {{blob: Blob, name: string, url: string}} GuideImage @typedef {{name: string, images: {id: string, url: string}[]}} Person */
/** @typedef {{name: string, id: string|null, description: string|null, exists: boolean, family: string|null, downloadable: boolean, download_bytes: number|null, license: string|null}} Net */

/** @type {import('./types').Signal<GuideImage[]>} */
export const references = signal([]);
/** What a ControlNet follows; no image is the input image. Thresholds are those of edges, '' for the engine's own.
 * @type {import('./types').Signal<{model: string, weight: string, preprocessor: string, low: string, high: string, image: GuideImage|null}>} */
export const control = signal({ model: '', weight: '1', preprocessor: 'none', low: '', high: '', image: null });
/** Whom or what the result shall look like: images of its own, somebody of the people, or what PuLID knows of a person.
 * @type {import('./types').Signal<{model: string, strength: string, who: string, images: GuideImage[]}>} */
export const identity = signal({ model: '', strength: '1', who: '', images: [] });
/** What there is to keep a likeness, by its name, and the people that PuLID knows. @type {import('./types').Signal<{kinds: Map<string, string>, embeddings: string[]}>} */
export const likenesses = signal({ kinds: new Map(), embeddings: [] });
/** ControlNets here and to be had. @type {import('./types').Signal<Net[]>} */
export const nets = signal([]);
/** @type {import('./types').Signal<Person[]|null>} */
export const people = signal(null);

export const referenceCount = model => model?.reference_images ?? 0;
export const netsOf = model => model?.control_nets ?? [];
export const identitiesOf = model => model?.identities ?? [];

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

/** The images of somebody, new ones behind those that are there. @param {Iterable<File>} files */
export const addLikeness = files => { identity.value = { ...identity.value, who: '', images: [...identity.value.images, ...[...files].filter(file => file.type.startsWith('image/')).map(guideOf)] }; };
export function removeLikeness(url) {
  URL.revokeObjectURL(url);
  identity.value = { ...identity.value, images: identity.value.images.filter(image => image.url !== url) };
}
export const kindOf = name => likenesses.value.kinds.get(name) ?? '';
/** How many images it looks at: PuLID at none. */
export const likenessCount = name => ({ 'ip-adapter': 1, photomaker: 16 })[kindOf(name)] ?? 0;

/** What of these goes with a request. @param {import('./types').Model} model */
export const guidesOf = model => ({
  references: references.value.slice(0, referenceCount(model)), control: netsOf(model).includes(control.value.model) ? control.value : null,
  identity: identitiesOf(model).includes(identity.value.model) ? identity.value : null,
});
export const hasGuides = model => {
  const { references: images, control: net, identity: whom } = guidesOf(model);
  return images.length > 0 || net !== null || whom !== null;
};

/** @param {FormData} data @param {import('./types').Model} model */
export async function appendGuides(data, model) {
  const { references: images, control: net, identity: whom } = guidesOf(model);
  for (const { blob, name } of images) data.append('ref_images', blob, name);
  if (whom) data.append('identity', JSON.stringify(await identityOf(whom)));
  if (!net) return;
  const edges = net.preprocessor === 'canny' && net.low !== '' && net.high !== '' ? { low_threshold: Number(net.low), high_threshold: Number(net.high) } : {};
  data.append('control', JSON.stringify([{ model: net.model, weight: Number(net.weight), preprocessor: net.preprocessor, ...edges }]));
  if (net.image) data.append('control_image', net.image.blob, net.image.name);
}

async function identityOf({ model, strength, who, images }) {
  const whose = kindOf(model) === 'pulid' ? { embedding: who } : who ? { person: who } : { images: await Promise.all(images.map(({ blob }) => dataUrl(blob))) };
  return { model, strength: Number(strength), ...whose };
}

/** What a ControlNet sees of an image. @param {Blob} blob @returns {Promise<string>} */
export async function detected(blob, { preprocessor, low, high }) {
  const edges = preprocessor === 'canny' && low !== '' && high !== '' ? { controlnet_threshold_a: Number(low), controlnet_threshold_b: Number(high) } : {};
  const { images } = await post('/controlnet/detect', { controlnet_module: preprocessor, controlnet_input_images: [await dataUrl(blob)], ...edges });
  return `data:image/png;base64,${images[0]}`;
}

export const refreshLikenesses = guarded(async () => {
  const { identities, embeddings } = await get('/api/identities');
  likenesses.value = { kinds: new Map(identities.map(({ name, kind }) => [name, kind])), embeddings };
});
export const refreshNets = guarded(async () => { nets.value = (await get('/api/controlnets')).controlnets; });

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
