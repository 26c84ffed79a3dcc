// An image of the history, or one that was brought, made larger.
import { html, useEffect, useSignal } from '../lib.js';
import { address } from '../core/api.js';
import { upscale } from '../core/draft.js';
import { input, setInput } from '../core/input.js';
import { back } from '../core/route.js';
import { downloads, fetchJob, jobs, startDownload, upscalers } from '../core/store.js';
import { bytes, t } from '../core/text.js';
import { DownloadState } from './download.js';
import { Button, Empty, Field } from './ui.js';
import { Viewport, ZoomTools } from './viewport.js';

const factors = [1.5, 2, 3, 4];
const largest = 16384;

/** By a factor, or to a size. The other side follows while the shape is kept. */
function Controls({ width, height, from }) {
  const known = upscalers.value;
  const usual = known.find(upscaler => upscaler.exists)?.id ?? '';
  const chosenId = useSignal('');
  const isToSize = useSignal(false);
  const factor = useSignal('2');
  const size = useSignal({ width: `${width * 2}`, height: `${height * 2}` });
  const chosen = known.find(upscaler => upscaler.id === (chosenId.value || usual));
  const state = chosen && downloads.value.get(chosen.id);
  const by = Number(factor.value);
  const sides = [Number(size.value.width), Number(size.value.height)];
  const isRight = isToSize.value ? sides.every(side => Number.isInteger(side) && side >= 1 && side <= largest) : by >= 0.1 && by <= 16;
  const [after, down] = isToSize.value ? sides : [Math.round(width * by), Math.round(height * by)];
  const problem = isToSize.value ? t('problem.whole', { field: t('field.size'), min: 1, max: largest }) : t('problem.number', { field: t('field.upscale_factor'), min: 0.1, max: 16 });
  const resize = (name, value) => { size.value = name === 'width' ? { width: value, height: `${Math.round(Number(value) * height / width) || ''}` } : { ...size.value, height: value }; };
  const side = name => html`<input name=${`target_${name}`} type="number" inputmode="numeric" min="1" max=${largest} step="1" aria-label=${t(`field.${name}`)} value=${size.value[name]} aria-invalid=${isRight ? undefined : 'true'}
    onInput=${event => resize(name, event.target.value)} />`;
  const mode = (toSize, text) => html`<label><input type="radio" name="resize_mode" value=${toSize ? 1 : 0} checked=${isToSize.value === toSize} onChange=${() => { isToSize.value = toSize; }} /><span>${text}</span></label>`;
  return html`<div class="upscale-bar">
    <${Field} name="upscaler">${attributes => html`<select ...${attributes} value=${chosen?.id} onChange=${event => { chosenId.value = event.target.value; }}>
      ${known.map(upscaler => html`<option key=${upscaler.id} value=${upscaler.id}>${upscaler.exists ? upscaler.name : t('upscaler.missing', { name: upscaler.name })}</option>`)}</select>`}<//>
    <fieldset class="field"><legend class="unseen">${t('upscale.how')}</legend><div class="segments">${mode(false, t('field.upscale_factor'))}${mode(true, t('upscale.toSize'))}</div></fieldset>
    ${isToSize.value ? html`<div class="field"><div class="row tight sides">${side('width')}×${side('height')}</div></div>` : html`<div class="field"><div class="row tight">
      ${factors.map(value => html`<${Button} key=${value} text=${t('times', { value })} pressed=${by === value} onClick=${() => { factor.value = `${value}`; }} />`)}
      <input name="upscale_factor" aria-label=${t('field.upscale_factor')} type="number" inputmode="decimal" min="0.1" max="16" step="any" value=${factor.value} aria-invalid=${isRight ? undefined : 'true'} onInput=${event => { factor.value = event.target.value; }} /></div></div>`}
    <div class="upscale-go"><p class="soft small">${isRight ? t('upscale.becomes', { before: `${width} × ${height}`, after: `${after} × ${down}` }) : problem}</p>
      ${state?.status === 'downloading' ? html`<${DownloadState} state=${state} name=${chosen.name} />` : chosen && !chosen.exists
        ? (chosen.downloadable ? html`<${Button} icon="download" text=${[t('upscaler.download'), chosen.download_bytes ? bytes(chosen.download_bytes) : ''].filter(Boolean).join(' · ')} onClick=${() => startDownload(chosen.id)} />` : html`<p class="problem">${t('upscaler.noFile')}</p>`)
        : html`<${Button} kind="main" text=${t('upscale.go')} disabled=${!isRight || !chosen} onClick=${() => upscale(from, chosen.id, isToSize.value ? { resize_mode: 1, target_width: after, target_height: down } : { upscale_factor: by })} />`}
      <${Button} text=${t('close')} icon="close" onClick=${back} /></div>
  </div>`;
}

export function UpscaleView({ id, index }) {
  useEffect(() => { if (id) fetchJob(id).catch(() => undefined); }, [id]);
  const image = id ? jobs.value.get(id)?.images?.find(one => one.index_in_batch === index) : null;
  const shown = image ? { width: image.width, height: image.height, url: address(image.url) } : !id ? input.value : null;
  const choose = async event => { if (event.target.files[0]) await setInput(event.target.files[0], { name: event.target.files[0].name }); };
  if (!shown) return html`<div class="stage">${id ? html`<div class="skeleton tall"></div>` : html`<${Empty} icon="upscale" title=${t('upscale.which')}><p class="soft">${t('upscale.drop')}</p>
    <label class="button">${t('input.choose')}<input type="file" class="unseen" accept="image/*" onChange=${choose} /></label><//>`}</div>`;
  return html`<div class="stage">
    <${Viewport} width=${shown.width} height=${shown.height} label=${t('canvas')}><img class="whole" src=${shown.url} alt=${t('upscale.image')} draggable=${false} /><//>
    <div class="under"><${Controls} width=${shown.width} height=${shown.height} from=${image ? { imageId: image.id } : { blob: input.value.blob }} /><div class="facts"><p></p><${ZoomTools} /></div></div>
  </div>`;
}
