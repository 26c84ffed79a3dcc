// An image on the canvas, with everything that can be done with it beside it.
import { html, useEffect, useLayoutEffect, useSignal } from '../lib.js';
import { get, address } from '../core/api.js';
import { takesImage, canGenerate } from '../core/catalogue.js';
import { another, model, reuse, set, vary } from '../core/draft.js';
import { change, galleryHash, neighbour, remove } from '../core/history.js';
import { listedOf } from '../core/listed.js';
import { useImage } from '../core/input.js';
import { viewKeys } from '../core/keys.js';
import { guarded, notify } from '../core/notices.js';
import { go, hashWith, imageHash, route } from '../core/route.js';
import { models } from '../core/store.js';
import { number, seconds, t, when } from '../core/text.js';
import { turn } from '../core/turn.js';
import { lengthOf } from '../core/video.js';
import { Compare } from './compare.js';
import { Marks } from './marks.js';
import { Button, Icon, LinkButton, Menu } from './ui.js';
import { Player } from './video.js';
import { Viewport, ZoomTools } from './viewport.js';

/** @typedef {import('../core/types').Job} Job @typedef {import('../core/types').ImageView} ImageView */

// Without a secure address a browser has no clipboard but this one.
async function copy(text) {
  if (navigator.clipboard) {
    await navigator.clipboard.writeText(text);
    return;
  }
  const area = document.createElement('textarea');
  document.body.append(area);
  area.value = text;
  area.select();
  document.execCommand('copy');
  area.remove();
}
const copyInfotext = guarded(async image => {
  await copy((await get(`/api/images/${image.id}/parameters`)).infotext);
  notify(t('copied.settings'));
});
const copySeed = guarded(async seed => {
  await copy(seed);
  notify(t('copied.seed', { seed }));
});

/** Makes the image the input of the next one. */
export const edit = guarded(async image => {
  if (model.value && !takesImage(model.value)) {
    const other = models.value.find(known => canGenerate(known) && takesImage(known));
    if (other) set({ model: other.id });
  }
  if (await useImage(image)) {
    set({ width: `${image.width}`, height: `${image.height}` });
    go('#/edit');
  }
});

const upscaleHash = (job, image) => `#/upscale/${encodeURIComponent(job.id)}${image.index_in_batch > 0 ? `/${image.index_in_batch + 1}` : ''}`;

function download(image) {
  const link = document.createElement('a');
  link.href = address(`${image.url}?download=true`);
  link.download = '';
  link.click();
}

// What stands around it takes the place of what is deleted.
function removeShown(job, image) {
  const next = neighbour(job.id, image.index_in_batch, 1) ?? neighbour(job.id, image.index_in_batch, -1);
  remove([image]);
  go(next ? imageHash(next.generation_id, next.index_in_batch) : galleryHash(), { replace: true });
}

/** @param {ImageView} image */
function star(image) {
  const listed = listedOf(image);
  if (listed) change([image.id], { starred: !listed.starred });
}

function Toolbar({ job, image }) {
  const listed = listedOf(image);
  const isGenerated = job.type !== 'upscale';
  const canVary = models.value?.some(known => takesImage(known) && known.id === job.model && canGenerate(known));
  const isCompared = route.value.params.has('compare');
  return html`<div class="toolbar" role="toolbar" aria-label=${t('result.tools')}>
    ${isGenerated && html`<${Menu} icon="again" text=${t('reuse')} choices=${[
      { text: t('reuse.all'), about: t('reuse.all.about'), run: () => reuse(job, image, 'all') },
      { text: t('reuse.prompt'), run: () => reuse(job, image, 'prompt') },
      { text: t('reuse.seed'), run: () => reuse(job, image, 'seed') }]} />`}
    ${isGenerated && canVary && !image.video && html`<${Menu} icon="vary" text=${t('vary')} choices=${[
      { text: t('vary.subtle'), about: t('vary.subtle.about'), run: () => vary(image, 0.35) },
      { text: t('vary.strong'), about: t('vary.strong.about'), run: () => vary(image, 0.7) },
      { text: t('vary.seed'), about: t('vary.seed.about'), run: () => another(job, image) }]} />`}
    ${!image.video && html`<${Button} icon="brush" text=${t('edit')} onClick=${() => edit(image)} />
    <${LinkButton} icon="upscale" text=${t('upscale')} href=${upscaleHash(job, image)} />`}
    ${!image.video && (job.input_image_path || isCompared) && html`<${Button} icon="compare" text=${t('compare')} pressed=${isCompared} onClick=${() => go(hashWith('compare', isCompared ? null : 'input'), { replace: isCompared })} />`}
    <span class="grow"></span>
    <${Button} icon="star" label=${t('star')} pressed=${listed?.starred ?? false} onClick=${() => star(image)} />
    <${LinkButton} icon="download" label=${t('download')} href=${address(`${image.url}?download=true`)} download="" />
    <${Button} icon="trash" kind="danger" label=${t('delete')} onClick=${() => removeShown(job, image)} />
  </div>`;
}

const factsOf = (job, image) => [
  ['model', job.model === 'none' ? null : models.value?.find(known => known.id === job.model)?.name ?? job.model], ['size', `${image.width} × ${image.height}`],
  ['frames', image.video ? t('video.length', { frames: image.video.frames, fps: image.video.fps, seconds: lengthOf(image.video) }) : null], ['seed', job.type === 'upscale' ? null : image.seed], ['steps', job.steps || null], ['cfg_scale', job.cfg_scale || null], ['sampler', job.sampler], ['scheduler', job.scheduler],
  ['strength', job.strength === null ? null : number(job.strength)], ['upscaler', job.upscaler], ['factor', job.upscale_factor], ['time', job.generation_time_ms ? seconds(job.generation_time_ms / 1000) : null],
  ['created', when(job.completed_at ?? job.created_at)], ['reduced', job.adjustments?.map(name => t(`reduced.${name}`)).join(', ')], ['engine', job.engine],
].filter(([, value]) => value !== null && value !== undefined && value !== '');

function Facts({ job, image }) {
  const isOpen = useSignal(false);
  const isGenerated = job.type !== 'upscale';
  return html`<div class="facts">
    <p>${job.status === 'cancelled' && html`<b>${t('job.cancelled')}</b> · `}${isGenerated && html`<button type="button" class="link" onClick=${() => copySeed(image.seed)} title=${t('copy.seed')}>${t('fact.seedShort', { seed: image.seed })}</button> · `}
      <span>${image.width} × ${image.height}</span>${image.video && html` · <span>${lengthOf(image.video)}</span>`}${job.generation_time_ms ? html` · <span>${seconds(job.generation_time_ms / 1000)}</span>` : ''}
      ${job.upscaler && html` · <span>${job.upscaler}</span>`}
      ${job.adjustments?.length > 0 && html` · <span class="warn">${t('reduced')}</span>`}</p>
    <${Button} kind="quiet small" icon="info" text=${t('details')} aria-expanded=${isOpen.value} onClick=${() => { isOpen.value = !isOpen.value; }} />
    ${!image.video && html`<${ZoomTools} />`}
    ${isOpen.value && html`<div class="details-panel"><${Marks} image=${image} /><p class="prompt-text">${job.prompt}</p>${job.negative_prompt && html`<p class="soft">${t('field.negative_prompt')}: ${job.negative_prompt}</p>`}
      <dl>${factsOf(job, image).map(([name, value]) => html`<div key=${name}><dt>${t(`fact.${name}`)}</dt><dd>${value}</dd></div>`)}</dl>
      <div class="row"><${Button} kind="small" icon="copy" text=${t('copy.settings')} onClick=${() => copyInfotext(image)} /><${LinkButton} kind="small" icon="logs" text=${t('job.log')} href=${`#/logs/${job.id}`} /></div></div>`}
  </div>`;
}

// The other images of its batch, and the arrows.
function Siblings({ job, index }) {
  return html`<div class="siblings" role="group" aria-label=${t('batch')}>${job.images.map((image, other) => html`<a key=${image.id} href=${imageHash(job.id, image.index_in_batch)} aria-current=${other === index ? 'true' : undefined}
    aria-label=${t('image.number', { value: other + 1, count: job.images.length })}><img src=${address(image.thumbnail_url)} alt="" /></a>`)}</div>`;
}

export function ResultView({ job, index }) {
  const image = job.images[index];
  const isGone = useSignal(false);
  useEffect(() => { isGone.value = false; }, [image.id]);
  // With the image itself, not after it is seen: a key may come in between.
  useLayoutEffect(() => {
    const mine = {
      ...image.video ? {} : { e: () => edit(image), u: () => go(upscaleHash(job, image)) },
      d: () => download(image), s: () => star(image), delete: () => removeShown(job, image),
      c: () => { if (!image.video && (job.input_image_path || route.value.params.has('compare'))) go(hashWith('compare', route.value.params.has('compare') ? null : 'input'), { replace: route.value.params.has('compare') }); },
    };
    for (const [name, action] of Object.entries(mine)) viewKeys.set(name, action);
    return () => { for (const name of Object.keys(mine)) viewKeys.delete(name); };
  }, [image.id]);
  const compared = route.value.params.get('compare');
  return html`<div class="stage">
    ${image.video ? isGone.value ? html`<div class="player"><p class="missing">${t('image.fileGone')}</p></div>` : html`<${Player} key=${image.id} image=${image} name=${job.prompt} onGone=${() => { isGone.value = true; }} />`
      : compared && (compared !== 'input' || job.input_image_path) ? html`<${Compare} job=${job} image=${image} compared=${compared} />` : html`<${Viewport} width=${image.width} height=${image.height} label=${t('canvas')} swipe=${turn}>
      ${isGone.value ? html`<p class="whole missing">${t('image.fileGone')}</p>` : html`<img class="result whole" src=${address(image.url)} width=${image.width} height=${image.height} alt=${job.prompt || t('upscaled')} draggable=${false}
        onError=${() => { isGone.value = true; }} />`}
    <//>`}
    ${neighbour(job.id, image.index_in_batch, -1) && html`<button type="button" class="turn before" aria-label=${t('previous')} onClick=${() => turn(-1)}><${Icon} name="left" /></button>`}
    ${neighbour(job.id, image.index_in_batch, 1) && html`<button type="button" class="turn after" aria-label=${t('next')} onClick=${() => turn(1)}><${Icon} name="right" /></button>`}
    <div class="under"><${Toolbar} job=${job} image=${image} /><${Facts} job=${job} image=${image} />${job.images.length > 1 && html`<${Siblings} job=${job} index=${index} />`}</div>
  </div>`;
}
