// An image of the history, or one that was brought, made larger.
import { html, useEffect, useSignal } from '../lib.js';
import { withKey } from '../core/api.js';
import { upscale } from '../core/draft.js';
import { input, setInput } from '../core/input.js';
import { back } from '../core/route.js';
import { downloads, fetchJob, jobs, startDownload, upscalers } from '../core/store.js';
import { t } from '../core/text.js';
import { DownloadState } from './download.js';
import { Button, Empty } from './ui.js';
import { Viewport, ZoomTools } from './viewport.js';

const factors = [1.5, 2, 3, 4];

function Controls({ width, height, from }) {
  const known = upscalers.value;
  const usual = known.find(upscaler => upscaler.exists)?.id ?? '';
  const chosenId = useSignal('');
  const factor = useSignal('2');
  const chosen = known.find(upscaler => upscaler.id === (chosenId.value || usual));
  const state = chosen && downloads.value.get(chosen.id);
  const by = Number(factor.value);
  const isRight = by >= 0.1 && by <= 16;
  return html`<div class="upscale-bar">
    <div class="field"><label for="f-upscaler">${t('field.upscaler')}</label><select id="f-upscaler" name="upscaler" value=${chosen?.id} onChange=${event => { chosenId.value = event.target.value; }}>
      ${known.map(upscaler => html`<option key=${upscaler.id} value=${upscaler.id}>${upscaler.exists ? upscaler.name : t('upscaler.missing', { name: upscaler.name })}</option>`)}</select></div>
    <div class="field"><label for="f-factor">${t('field.factor')}</label><div class="row tight">
      ${factors.map(value => html`<${Button} key=${value} text=${t('times', { value })} pressed=${by === value} onClick=${() => { factor.value = `${value}`; }} />`)}
      <input id="f-factor" name="factor" type="number" inputmode="decimal" min="0.1" max="16" step="any" value=${factor.value} aria-invalid=${isRight ? undefined : 'true'} onInput=${event => { factor.value = event.target.value; }} /></div></div>
    <div class="upscale-go"><p class="soft small">${isRight ? t('upscale.becomes', { before: `${width} × ${height}`, after: `${Math.round(width * by)} × ${Math.round(height * by)}` }) : t('problem.number', { field: t('field.factor'), min: 0.1, max: 16 })}</p>
      ${state?.status === 'downloading' ? html`<${DownloadState} state=${state} name=${chosen.name} />` : chosen && !chosen.exists
        ? (chosen.downloadable ? html`<${Button} icon="download" text=${t('upscaler.download')} onClick=${() => startDownload(chosen.id)} />` : html`<p class="problem">${t('upscaler.noFile')}</p>`)
        : html`<${Button} kind="main" text=${t('upscale.go')} disabled=${!isRight || !chosen} onClick=${() => upscale(from, chosen.id, by)} />`}
      <${Button} text=${t('close')} icon="close" onClick=${back} /></div>
  </div>`;
}

export function UpscaleView({ id, index }) {
  useEffect(() => { if (id) fetchJob(id).catch(() => undefined); }, [id]);
  const image = id ? jobs.value.get(id)?.images?.[index] : null;
  const shown = image ? { width: image.width, height: image.height, url: withKey(image.url) } : !id ? input.value : null;
  const choose = async event => { if (event.target.files[0]) await setInput(event.target.files[0], { name: event.target.files[0].name }); };
  if (!shown) return html`<div class="stage">${id ? html`<div class="skeleton tall"></div>` : html`<${Empty} icon="upscale" title=${t('upscale.which')}><p class="soft">${t('upscale.drop')}</p>
    <label class="button">${t('input.choose')}<input type="file" class="unseen" accept="image/*" onChange=${choose} /></label><//>`}</div>`;
  return html`<div class="stage">
    <${Viewport} width=${shown.width} height=${shown.height} label=${t('canvas')}><img class="whole" src=${shown.url} alt=${t('upscale.image')} draggable=${false} /><//>
    <div class="under"><${Controls} width=${shown.width} height=${shown.height} from=${image ? { imageId: image.id } : { blob: input.value.blob }} /><div class="facts"><p></p><${ZoomTools} /></div></div>
  </div>`;
}
