// References and ControlNet in the settings, people among the models.
import { html, useEffect, useSignal } from '../lib.js';
import { address } from '../core/api.js';
import { addReferences, addToPerson, control, hasPeople, netsOf, people, referenceCount, references, refreshPeople, removePerson, removePersonImage, removeReference, setControlImage } from '../core/guides.js';
import { draft, hasInput, model, problems, set } from '../core/draft.js';
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
    ${references.value.length > 0 && html`<ul class="guide-images">${references.value.map(({ url, name }, index) => html`<li key=${url} class=${index >= most ? 'over' : ''}><img src=${url} alt=${name} /><${Button} kind="small" icon="close" label=${t('references.remove', { name })} onClick=${() => removeReference(url)} /></li>`)}</ul>`}
    ${!isFull && html`<${FileButton} text=${t('references.add', { count: most })} multiple onFiles=${addReferences} />`}
    ${hasPeople.value && html`<div class="row tight" role="group" aria-label=${t('people')}>${people.value.map(({ name }) => html`<${Button} kind="small" key=${name} icon="person" text=${name} label=${t('people.insert', { name })} onClick=${() => insert(name)} />`)}</div>`}
    ${problems.value.ref_images && html`<p class="problem">${problems.value.ref_images}</p>`}
  </fieldset>`;
}

function Control() {
  if (!model.value.control_nets || model.value.exec_mode === 'api') return null;
  const nets = netsOf(model.value);
  const { model: net, weight, preprocessor, image } = control.value;
  const change = changes => { control.value = { ...control.value, ...changes }; };
  return html`<fieldset class="field wide control" data-name="control"><legend class="field-head"><span>${t('field.control')}</span><${Help} name="control" /></legend>
    ${nets.length === 0 ? html`<p class="soft small">${t('control.noNets')}</p>` : html`<select name="control_model" aria-label=${t('field.control')} value=${nets.includes(net) ? net : ''} onChange=${event => change({ model: event.target.value })}><option value="">${t('none')}</option>${nets.map(name => html`<option key=${name} value=${name}>${name}</option>`)}</select>`}
    ${nets.includes(net) && html`
      <div class="slider"><input type="range" name="control_weight" min="0" max="2" step="0.05" value=${weight} aria-label=${t('control.weight')} onInput=${event => change({ weight: event.target.value })} /><output>${number(Number(weight))}</output></div>
      <select name="control_preprocessor" aria-label=${t('control.preprocessor')} value=${preprocessor} onChange=${event => change({ preprocessor: event.target.value })}>${['none', 'canny', 'invert'].map(name => html`<option key=${name} value=${name}>${t(`control.${name}`)}</option>`)}</select>
      ${image ? html`<ul class="guide-images"><li><img src=${image.url} alt=${image.name} /><${Button} kind="small" icon="close" label=${t('references.remove', { name: image.name })} onClick=${() => setControlImage(null)} /></li></ul>`
        : html`<${FileButton} text=${hasInput.value ? t('control.other') : t('control.image')} onFiles=${files => { if (files[0]) setControlImage(files[0]); }} />`}`}
    ${problems.value.control && html`<p class="problem">${problems.value.control}</p>`}
  </fieldset>`;
}

export const Guides = () => html`<${References} /><${Control} />`;

/** Whom prompts name as <ref:name>. */
export function People() {
  const name = useSignal('');
  // Only where some model looks at images.
  const isOf = models.value?.some(known => referenceCount(known) > 0) ?? false;
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
