// References, likenesses and ControlNet in the settings, people among the models.
import { html, useEffect, useSignal } from '../lib.js';
import { address } from '../core/api.js';
import {
  addLikeness, addReferences, addToPerson, control, detected, hasPeople, identitiesOf, identity, kindOf, likenessCount, likenesses, netsOf, people, referenceCount, references, refreshLikenesses, refreshPeople,
  removeLikeness, removePerson, removePersonImage, removeReference, setControlImage,
} from '../core/guides.js';
import { draft, hasInput, model, problems, set } from '../core/draft.js';
import { input } from '../core/input.js';
import { guarded } from '../core/notices.js';
import { models } from '../core/store.js';
import { number, t } from '../core/text.js';
import { Button, Help, Icon } from './ui.js';

const FileButton = ({ text, onFiles, multiple = false, icon = 'image' }) => html`<label class="button drop"><${Icon} name=${icon} /><span>${text}</span><input type="file" class="unseen" accept="image/*" multiple=${multiple} aria-label=${text}
  onChange=${event => { onFiles(event.target.files); event.target.value = ''; }} /></label>`;

function References() {
  const most = referenceCount(model.value);
  useEffect(() => { if (most > 0) refreshPeople(); }, [most > 0]);
  if (most === 0) return null;
  const isFull = references.value.length >= most;
  const insert = name => set({ prompt: `${draft.value.prompt.trimEnd()} <ref:${name}>`.trim() });
  return html`<fieldset class="field wide" data-name="ref_images"><legend class="field-head"><span>${t('field.ref_images')}</span><${Help} name="ref_images" /></legend>
    <${GuideImages} images=${references.value} most=${most} onRemove=${removeReference} />
    ${!isFull && html`<${FileButton} text=${t('references.add', { count: most })} multiple onFiles=${addReferences} />`}
    ${hasPeople.value && html`<div class="row tight" role="group" aria-label=${t('people')}>${people.value.map(({ name }) => html`<${Button} kind="small" key=${name} icon="person" text=${name} label=${t('people.insert', { name })} onClick=${() => insert(name)} />`)}</div>`}
    ${problems.value.ref_images && html`<p class="problem">${problems.value.ref_images}</p>`}
  </fieldset>`;
}

/** The images of a kind, each with a button that takes it away. @param {{images: import('../core/guides.js').GuideImage[], most?: number, onRemove: (url: string) => void}} properties */
const GuideImages = ({ images, most = 16, onRemove }) => images.length > 0 && html`<ul class="guide-images">${images.map(({ url, name }, index) => html`<li key=${url} class=${index >= most ? 'over' : ''}><img src=${url} alt=${name} /><${Button} kind="small" icon="close" label=${t('references.remove', { name })} onClick=${() => onRemove(url)} /></li>`)}</ul>`;

/** A number that is pulled, with what it is. */
const Slider = ({ name, label, min = 0, max, step = 0.05, value, onInput }) => html`<label class="slider-row small"><span>${label}</span><input type="range" name=${name} min=${min} max=${max} step=${step} value=${value} onInput=${event => onInput(event.target.value)} /><output>${number(Number(value))}</output></label>`;

function Identity() {
  const files = identitiesOf(model.value);
  const hasAny = files.length > 0;
  useEffect(() => {
    if (!hasAny) return;
    refreshPeople();
    refreshLikenesses();
  }, [hasAny]);
  if (!hasAny) return null;
  const { model: chosen, strength, who, images } = identity.value;
  const change = changes => { identity.value = { ...identity.value, ...changes }; };
  const isOn = files.includes(chosen);
  const most = likenessCount(chosen);
  const isPulid = kindOf(chosen) === 'pulid';
  const known = isPulid ? likenesses.value.embeddings : (people.value ?? []).map(person => person.name);
  const isFull = images.length >= most;
  return html`<fieldset class="field wide" data-name="identity"><legend class="field-head"><span>${t('field.identity')}</span><${Help} name="identity" /></legend>
    <select name="identity_model" aria-label=${t('field.identity')} value=${isOn ? chosen : ''} onChange=${event => change({ model: event.target.value, who: '' })}><option value="">${t('none')}</option>${files.map(name => html`<option key=${name} value=${name}>${kindOf(name) ? `${name} (${t(`identity.${kindOf(name)}`)})` : name}</option>`)}</select>
    ${isOn && html`
      ${(known.length > 0 || isPulid) && html`<select name="identity_who" aria-label=${t('identity.who')} value=${known.includes(who) ? who : ''} onChange=${event => change({ who: event.target.value })}><option value="">${t(isPulid ? 'identity.choose' : 'identity.own')}</option>${known.map(name => html`<option key=${name} value=${name}>${name}</option>`)}</select>`}
      ${isPulid && known.length === 0 && html`<p class="soft small">${t('identity.noEmbeddings')}</p>`}
      ${!who && !isPulid && html`<${GuideImages} images=${images} most=${most} onRemove=${removeLikeness} />${!isFull && html`<${FileButton} text=${t('references.add', { count: most })} multiple=${most > 1} onFiles=${addLikeness} />`}`}
      <${Slider} name="identity_strength" label=${t('identity.strength')} max="2" value=${strength} onInput=${value => change({ strength: value })} />`}
    ${problems.value.identity && html`<p class="problem" role="alert">${problems.value.identity}</p>`}
  </fieldset>`;
}

const familiesWithNets = ['sd1', 'sd2', 'sdxl'];
// The engine's own, where none are given.
const usualEdges = { low: '0.08', high: '0.8' };

/** What the net will see: made by the server, when somebody asks. */
function Detected({ blob, settings }) {
  const seen = useSignal('');
  const key = `${settings.preprocessor} ${settings.low} ${settings.high}`;
  useEffect(() => { seen.value = ''; }, [blob, key]);
  const show = guarded(async () => { seen.value = await detected(blob, settings); });
  return seen.value ? html`<img class="detected" src=${seen.value} alt=${t('control.detected')} />` : html`<${Button} icon="compare" text=${t('control.detect')} onClick=${show} />`;
}

function Control() {
  const fitting = netsOf(model.value);
  // Where there could be some, people learn of them.
  if (fitting.length === 0 && !familiesWithNets.includes(model.value.family) || model.value.exec_mode === 'api') return null;
  const { model: net, weight, preprocessor, low, high, image } = control.value;
  const change = changes => { control.value = { ...control.value, ...changes }; };
  const followed = image?.blob ?? (hasInput.value ? input.value.blob : null);
  const edge = (name, value) => change({ low: low || usualEdges.low, high: high || usualEdges.high, [name]: value });
  return html`<fieldset class="field wide control" data-name="control"><legend class="field-head"><span>${t('field.control')}</span><${Help} name="control" /></legend>
    ${fitting.length === 0 ? html`<p class="soft small">${t('control.noNets')} <a href="#/models">${t('control.get')}</a></p>` : html`<select name="control_model" aria-label=${t('field.control')} value=${fitting.includes(net) ? net : ''} onChange=${event => change({ model: event.target.value })}><option value="">${t('none')}</option>${fitting.map(name => html`<option key=${name} value=${name}>${name}</option>`)}</select>`}
    ${fitting.includes(net) && html`
      <${Slider} name="control_weight" label=${t('control.weight')} max="2" value=${weight} onInput=${value => change({ weight: value })} />
      <select name="control_preprocessor" aria-label=${t('control.preprocessor')} value=${preprocessor} onChange=${event => change({ preprocessor: event.target.value })}>${['none', 'canny', 'invert'].map(name => html`<option key=${name} value=${name}>${t(`control.${name}`)}</option>`)}</select>
      ${preprocessor === 'canny' && html`<${Slider} name="control_low" label=${t('control.low')} max="1" step="0.01" value=${low || usualEdges.low} onInput=${value => edge('low', value)} /><${Slider} name="control_high" label=${t('control.high')} max="1" step="0.01" value=${high || usualEdges.high} onInput=${value => edge('high', value)} />`}
      ${image ? html`<${GuideImages} images=${[image]} onRemove=${() => setControlImage(null)} />`
        : html`<${FileButton} text=${hasInput.value ? t('control.other') : t('control.image')} onFiles=${files => { if (files[0]) setControlImage(files[0]); }} />`}
      ${followed && preprocessor !== 'none' && html`<${Detected} blob=${followed} settings=${control.value} />`}`}
    ${problems.value.control && html`<p class="problem">${problems.value.control}</p>`}
  </fieldset>`;
}

export const Guides = () => html`<${References} /><${Identity} /><${Control} />`;

/** Whom prompts name as <ref:name>. */
export function People() {
  const name = useSignal('');
  // Only where some model looks at images.
  const isOf = models.value?.some(known => referenceCount(known) > 0 || identitiesOf(known).length > 0) ?? false;
  useEffect(() => { if (isOf) refreshPeople(); }, [isOf]);
  if (people.value === null) return null;
  return html`<h2>${t('people')}</h2><p class="soft small">${t('people.about')}</p>
    ${people.value.length > 0 && html`<ul class="cards">${people.value.map(person => html`<li class="card" key=${person.name} data-id=${person.name}>
      <div class="card-head"><h3>${person.name}</h3><code>${`<ref:${person.name}>`}</code></div>
      <ul class="guide-images">${person.images.map(image => html`<li key=${image.id}><img src=${address(image.url)} alt=${t('people.image', { name: person.name })} /><${Button} kind="small" icon="close" label=${t('people.removeImage', { name: person.name })} onClick=${() => removePersonImage(person.name, image.id)} /></li>`)}</ul>
      <div class="card-actions"><div class="row"><${FileButton} text=${t('people.add')} multiple onFiles=${files => addToPerson(person.name, files)} /><${Button} kind="danger" icon="trash" label=${t('people.remove', { name: person.name })} onClick=${() => removePerson(person.name)} /></div></div></li>`)}</ul>`}
    <div class="row new-person"><input name="person" value=${name.value} maxlength="64" spellcheck="false" placeholder=${t('people.name')} aria-label=${t('people.name')} onInput=${event => { name.value = event.target.value.trim(); }} />
      ${name.value && html`<${FileButton} icon="plus" text=${t('people.new')} multiple onFiles=${async files => { await addToPerson(name.value, files); name.value = ''; }} />`}</div>`;
}
