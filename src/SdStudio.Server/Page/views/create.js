// The workspace: settings, canvas, history. What the canvas shows is what the address says.
import { html, useEffect } from '../lib.js';
import { isLoaded, tileAt } from '../core/history.js';
import { input } from '../core/input.js';
import { back, go, hashWith, route } from '../core/route.js';
import { activeJobs, fetchJob, jobs, paused, queueKnown } from '../core/store.js';
import { isFirstRun } from '../core/catalogue.js';
import { t } from '../core/text.js';
import { Editor } from './editor.js';
import { FirstRun, Welcome } from './firstrun.js';
import { HistoryColumn } from './history.js';
import { Gone, JobView } from './job.js';
import { ResultView } from './result.js';
import { Settings } from './settings.js';
import { Button } from './ui.js';
import { UpscaleView } from './upscale.js';

/** What the canvas shows where the address names nothing: what runs, else the newest image. */
function subject() {
  const { name, parts } = route.value;
  if (name === 'image' && parts[0]) return { kind: 'image', id: parts[0], index: Math.max(0, (Number(parts[1]) || 1) - 1) };
  if (name === 'job' && parts[0]) return { kind: 'job', id: parts[0], index: 0 };
  if (name === 'edit' && input.value) return { kind: 'edit', id: '', index: 0 };
  if (name === 'upscale') return { kind: 'upscale', id: parts[0] ?? '', index: Math.max(0, (Number(parts[1]) || 1) - 1) };
  const [active] = activeJobs.value;
  // In a paused queue nothing comes: the newest image is the better sight.
  if (active && (active.status === 'processing' || !paused.value)) return { kind: 'job', id: active.id, index: 0 };
  if (!queueKnown.value || !isLoaded.value) return { kind: 'loading', id: '', index: 0 };
  const newest = tileAt(0);
  return newest ? { kind: 'image', id: newest.generation_id, index: newest.index_in_batch } : { kind: 'empty', id: '', index: 0 };
}

function Stage() {
  const { kind, id, index } = subject();
  useEffect(() => { if (id) fetchJob(id).catch(() => undefined); }, [id]);
  if (kind === 'edit') return html`<${Editor} />`;
  if (kind === 'upscale') return html`<${UpscaleView} id=${id} index=${index} key=${`${id}/${index}`} />`;
  if (kind === 'empty') return isFirstRun.value ? html`<${FirstRun} />` : html`<${Welcome} />`;
  if (kind === 'loading') return html`<div class="stage"><div class="skeleton tall" aria-label=${t('loading')}></div></div>`;
  const job = jobs.value.get(id);
  if (!job) return html`<${Gone} key=${id} id=${id} />`;
  // One component per job: nothing of another one can stay behind.
  if (kind === 'image' && job.images?.length) {
    // Others of its batch may have been deleted: an image keeps its number.
    const at = job.images.findIndex(image => image.index_in_batch === index);
    return at < 0 ? html`<${Gone} key=${`${id}/${index}`} id=${id} isCertain />` : html`<${ResultView} key=${`${id}/${index}`} job=${job} index=${at} />`;
  }
  return html`<${JobView} key=${id} job=${job} />`;
}

export function Create() {
  const isSheet = route.value.params.get('sheet') === '1';
  return html`<div class=${`workspace ${isSheet ? 'with-sheet' : ''}`}>
    <${Settings} />
    <div class="stage-column"><${Stage} /></div>
    <${HistoryColumn} />
    <div class="phone-bar"><${Button} icon="sliders" text=${isSheet ? t('sheet.close') : t('sheet.open')} aria-expanded=${isSheet} onClick=${() => isSheet ? back() : go(hashWith('sheet', '1'))} /></div>
  </div>`;
}
