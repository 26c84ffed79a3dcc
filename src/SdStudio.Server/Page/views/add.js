import { html, useSignal } from '../lib.js';
import { addFrom, addUpload, uploads } from '../core/add.js';
import { downloads } from '../core/store.js';
import { bytes, t } from '../core/text.js';
import { DownloadState } from './download.js';
import { Button, Progress } from './ui.js';

const kinds = ['model', 'lora', 'vae', 'upscaler', 'controlnet', 'embedding'];
const sources = ['repository', 'url', 'upload'];

function Uploads() {
  return html`${uploads.value.map(upload => html`<div class="download" key=${upload.id}>
    ${upload.problem ? html`<p class="problem" role="alert">${upload.name}: ${upload.problem}</p>` : html`<p class="soft small">${t('add.sent', { name: upload.name, done: bytes(upload.sent), all: bytes(upload.total) })}</p>
      <${Progress} value=${upload.sent / upload.total} label=${t('download.progress', { name: upload.name })} />`}
    <${Button} kind="small" icon="close" text=${t(upload.problem ? 'dismiss' : 'download.stop')} onClick=${upload.stop} /></div>`)}`;
}

// What is added has the name of its file where others have a model's id.
const Added = () => html`${[...downloads.value].filter(([name]) => name.includes('/')).map(([name, state]) => html`<div key=${name}>
  ${state.status === 'downloading' ? html`<p class="small">${name}</p><${DownloadState} state=${state} name=${name} />`
    : state.status === 'failed' ? html`<p class="problem" role="alert">${name}: ${t('download.failed', { reason: state.error })}</p>`
      : state.status === 'completed' && html`<p class="small" role="status">${t('add.done', { name })}</p>`}</div>`)}`;

/** Adds a file to the server's models, LoRAs and the rest. */
export function AddModel() {
  const kind = useSignal('lora');
  const source = useSignal('repository');
  const text = useSignal({ repository: '', file: '', url: '' });
  const chosen = useSignal(null);
  const problem = useSignal('');
  const field = name => html`<label class="field wide"><span>${t(`field.${name}`)}</span>
    <input name=${`add_${name}`} value=${text.value[name]} spellcheck="false" autocomplete="off" placeholder=${t(`field.${name}.hint`)} onInput=${event => { text.value = { ...text.value, [name]: event.target.value.trim() }; }} /></label>`;
  const add = async event => {
    event.preventDefault();
    problem.value = '';
    const { repository, file, url } = text.value;
    try {
      if (source.value === 'upload') await addUpload(kind.value, chosen.value);
      else await addFrom({ kind: kind.value, ...source.value === 'url' ? { url } : { repository, file } });
    } catch (error) {
      problem.value = /** @type {Error} */ (error).message;
    }
  };
  const isReady = source.value === 'upload' ? chosen.value !== null : text.value[source.value] !== '';
  return html`<h2>${t('add.title')}</h2><form id="add" class="card" onSubmit=${add}>
    <div class="row"><label class="field"><span>${t('field.kind')}</span><select name="add_kind" value=${kind.value} onChange=${event => { kind.value = event.target.value; }}>
      ${kinds.map(one => html`<option key=${one} value=${one}>${t(`choice.kind.${one}`)}</option>`)}</select></label>
    <label class="field"><span>${t('field.source')}</span><select name="add_source" value=${source.value} onChange=${event => { source.value = event.target.value; }}>
      ${sources.map(one => html`<option key=${one} value=${one}>${t(`choice.source.${one}`)}</option>`)}</select></label></div>
    ${source.value === 'repository' && html`${field('repository')}${field('file')}`}
    ${source.value === 'url' && field('url')}
    ${source.value === 'upload' && html`<label class="field wide"><span>${t('field.file')}</span><input type="file" name="add_upload" accept=".safetensors,.gguf" onChange=${event => { chosen.value = event.target.files[0] ?? null; }} /></label>`}
    <p class="soft small">${t('add.about')}</p>
    ${problem.value && html`<p class="problem" role="alert">${problem.value}</p>`}
    <div class="row"><button type="submit" class="button" disabled=${!isReady}>${t('add.add')}</button></div>
    <${Uploads} /><${Added} />
  </form>`;
}
