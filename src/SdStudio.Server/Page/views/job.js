// A job on the canvas: waiting, running with its preview, failed, cancelled, or done with one image or several.
import { html, useEffect, useSignal } from '../lib.js';
import { imageHash, jobHash, go } from '../core/route.js';
import { cancelJob, fetchJob, moved, paused, previews, retryJob, setPaused, jobs } from '../core/store.js';
import { address } from '../core/api.js';
import { seconds, t } from '../core/text.js';
import { ResultView } from './result.js';
import { Button, Empty, LinkButton, Progress } from './ui.js';
import { Viewport } from './viewport.js';

const staleAfter = 4000;

/** What a running job does, in words. Time left is told only while steps come: a number that does not move misleads. */
export function progressText(job, now) {
  const phase = t(`phase.${job.phase ?? 'begin'}`);
  const isFresh = now - (moved.get(job.id) ?? 0) < staleAfter;
  const steps = job.phase === 'sample' && job.step_count ? t('phase.step', { step: job.step ?? 0, steps: job.step_count }) : '';
  const image = job.n > 1 && job.current_image ? t('image.number', { value: job.current_image, count: job.n }) : '';
  const left = job.phase === 'sample' && (job.step ?? 0) > 0 && isFresh && job.eta >= 1 ? t('phase.left', { time: seconds(job.eta) }) : '';
  return [image, phase, steps, left].filter(Boolean).join(' · ');
}

/** How far it is; null where nothing has moved for a while and any number would be a guess. */
export const progressOf = (job, now) => job.phase === 'sample' || now - (moved.get(job.id) ?? 0) < staleAfter ? job.progress : null;

/** Now, once a second, for as long as somebody looks. */
export function useNow(isOn) {
  const now = useSignal(Date.now());
  useEffect(() => {
    if (!isOn) return undefined;
    const timer = setInterval(() => { now.value = Date.now(); }, 1000);
    return () => clearInterval(timer);
  }, [isOn]);
  return Math.max(now.value, isOn ? Date.now() : 0);
}

export function waitingText(job) {
  return [t('queue.place', { value: job.position ?? 1 }), paused.value ? t('queue.isPaused') : '', !paused.value && job.eta ? t('queue.doneIn', { time: seconds(job.eta) }) : ''].filter(Boolean).join(' · ');
}

function Active({ job }) {
  const isRunning = job.status === 'processing';
  const now = useNow(isRunning);
  const preview = previews.value.get(job.id);
  return html`<div class="stage">
    <${Viewport} width=${job.width} height=${job.height} label=${t('canvas')}>
      ${preview ? html`<img id="preview" class="whole" src=${preview} alt=${t('preview')} />` : html`<div class=${`whole placeholder ${isRunning ? 'moving' : ''}`}></div>`}
    <//>
    <div class="under">
      <div class="going" data-job=${job.id}>
        <p id="phase">${isRunning ? progressText(job, now) : waitingText(job)}</p>
        <div class="going-row"><${Progress} value=${isRunning ? progressOf(job, now) : 0} label=${t('progress.image')} />
          ${!isRunning && paused.value && html`<${Button} text=${t('queue.resume')} icon="play" onClick=${() => setPaused(false)} />`}
          <${Button} icon="close" text=${t('cancel')} disabled=${job.cancel_requested} onClick=${() => cancelJob(job.id)} /></div>
        ${job.images?.length > 0 && html`<div class="siblings" role="group" aria-label=${t('batch')}>${job.images.map(image => html`<a key=${image.id} href=${imageHash(job.id, image.index_in_batch)} aria-label=${t('image.number', { value: image.index_in_batch + 1, count: job.n })}><img src=${address(image.thumbnail_url)} alt="" /></a>`)}</div>`}
        <p class="soft small prompt-line">${job.prompt || t('upscaling')}${job.n > 1 ? ` · ${t('images', { count: job.n })}` : ''}</p>
      </div>
    </div>
  </div>`;
}

function Ended({ job }) {
  const failed = job.status === 'failed';
  return html`<div class="stage"><${Empty} icon=${failed ? 'alert' : 'close'} title=${failed ? t('job.failed') : t('job.cancelled')}>
    ${failed && html`<p class="problem" role="alert">${job.error}</p>`}
    ${job.prompt && html`<p class="soft prompt-line">${job.prompt}</p>`}
    <div class="row"><${Button} icon="again" text=${t('job.retry')} onClick=${async () => { const again = await retryJob(job.id); if (again) go(jobHash(again.id)); }} />
      <${LinkButton} icon="logs" text=${t('job.log')} href=${`#/logs/${job.id}`} /></div>
  <//></div>`;
}

function Batch({ job }) {
  return html`<div class="stage"><ul class="batch" aria-label=${t('images', { count: job.images.length })} style=${{ '--columns': Math.ceil(Math.sqrt(job.images.length)) }}>
    ${job.images.map(image => html`<li key=${image.id}><a href=${imageHash(job.id, image.index_in_batch)}><img class="result" src=${address(image.url)} width=${image.width} height=${image.height}
      alt=${t('image.numbered', { prompt: job.prompt || t('upscaled'), value: image.index_in_batch + 1 })} /><span class="badge">${image.index_in_batch + 1}</span></a></li>`)}
  </ul><div class="under"><p class="facts">${job.status === 'cancelled' ? `${t('job.cancelled')} · ` : ''}${t('images', { count: job.images.length })} · ${job.size.replace('x', ' × ')}${job.generation_time_ms ? ` · ${seconds(job.generation_time_ms / 1000)}` : ''}</p></div></div>`;
}

/** A grid as one image, with its cells below it. */
function Sheet({ job }) {
  const sheet = address(job.grid.sheet_url);
  return html`<div class="stage"><a class="grid-sheet" href=${sheet} target="_blank" rel="noopener"><img src=${`${sheet}?${job.images.length}`} alt=${t('grid.sheet', { count: job.images.length })} /></a>
    <div class="under"><div class="siblings" role="group" aria-label=${t('batch')}>${job.images.map(image => html`<a key=${image.id} href=${imageHash(job.id, image.index_in_batch)} aria-label=${t('image.number', { value: image.index_in_batch + 1, count: job.n })}><img src=${address(image.thumbnail_url)} alt="" loading="lazy" /></a>`)}</div>
      <p class="facts">${job.status === 'cancelled' ? `${t('job.cancelled')} · ` : ''}${t('images', { count: job.images.length })} · <a href=${`${sheet}?format=png`} download=${`grid-${job.id}.png`}>${t('grid.download')}</a></p></div></div>`;
}

export function JobView({ job }) {
  if (job.grid && job.images?.length && (job.status === 'completed' || job.status === 'cancelled')) return html`<${Sheet} job=${job} key=${job.id} />`;
  // What was done before it was cancelled is kept.
  if (job.status === 'cancelled' && job.images?.length) return job.images.length === 1 ? html`<${ResultView} job=${job} index=${0} key=${job.id} />` : html`<${Batch} job=${job} />`;
  if (job.status === 'failed' || job.status === 'cancelled') return html`<${Ended} job=${job} />`;
  if (job.status !== 'completed') return html`<${Active} job=${job} key=${job.id} />`;
  if (!job.images?.length) return html`<${Gone} id=${job.id} />`;
  return job.images.length === 1 ? html`<${ResultView} job=${job} index=${0} key=${job.id} />` : html`<${Batch} job=${job} />`;
}

/** A job that is not known yet, or not any more. */
/** @param {{id: string, isCertain?: boolean}} properties */
export function Gone({ id, isCertain = false }) {
  const isMissing = useSignal(isCertain);
  useEffect(() => { if (!isCertain) fetchJob(id, { again: jobs.value.has(id) }).then(job => { isMissing.value = !job.images?.length && job.status === 'completed'; }, () => { isMissing.value = true; }); }, [id]);
  return html`<div class="stage">${isMissing.value ? html`<${Empty} icon="image" title=${t('image.gone')}><${LinkButton} text=${t('nav.gallery')} icon="gallery" href="#/gallery" /><//>` : html`<div class="skeleton tall"></div>`}</div>`;
}
