import { html, useSignal } from '../lib.js';
import { jobHash } from '../core/route.js';
import { say } from '../core/notices.js';
import { activeJobs, cancelAll, cancelJob, endedJobs, models, moveJob, paused, previews, queueKnown, removeJob, retryJob, setPaused, waitingCount } from '../core/store.js';
import { number, t } from '../core/text.js';
import { progressOf, progressText, useNow, waitingText } from './job.js';
import { Button, Empty, Icon, LinkButton, Progress } from './ui.js';

const titleOf = job => job.prompt || t(job.type === 'upscale' ? 'upscaling' : 'variation');
const aboutOf = job => [job.type === 'upscale' ? job.upscaler : models.value?.find(known => known.id === job.model)?.name ?? job.model, job.size.replace('x', ' × '), job.n > 1 && t('images', { count: job.n }), job.priority ? t('queue.priority', { value: number(job.priority) }) : ''].filter(Boolean).join(' · ');

async function move(job, place) {
  const moved = await moveJob(job.id, place);
  if (moved) say(t('queue.movedTo', { value: moved.position }));
}

function Row({ job, dragged, now }) {
  const isPending = job.status === 'pending';
  const isRunning = job.status === 'processing';
  const isOver = useSignal('');
  const preview = previews.value.get(job.id);
  const waiting = activeJobs.value.filter(other => other.status === 'pending');
  const place = waiting.findIndex(other => other.id === job.id);
  const step = direction => { const other = waiting[place + direction]; if (other) move(job, { [direction < 0 ? 'before' : 'after']: other.id }); };
  const side = event => {
    const box = event.currentTarget.getBoundingClientRect();
    return event.clientY < box.top + box.height / 2 ? 'before' : 'after';
  };
  const drag = isPending ? {
    draggable: true,
    onDragStart: event => { dragged.value = job.id; event.dataTransfer.effectAllowed = 'move'; event.dataTransfer.setData('text/plain', job.id); },
    onDragEnd: () => { dragged.value = ''; },
    onDragOver: event => { if (dragged.value && dragged.value !== job.id) { event.preventDefault(); isOver.value = side(event); } },
    onDragLeave: () => { isOver.value = ''; },
    onDrop: event => { event.preventDefault(); event.stopPropagation(); isOver.value = ''; if (dragged.value && dragged.value !== job.id) move({ id: dragged.value }, { [side(event)]: job.id }); dragged.value = ''; },
  } : {};
  return html`<li class=${`job ${job.status} ${isOver.value ? `over-${isOver.value}` : ''}`} ...${drag}>
    ${isPending && html`<span class="handle" aria-hidden="true"><${Icon} name="drag" /></span>`}
    <a class="job-thumb" href=${jobHash(job.id)} aria-label=${t('queue.show', { name: titleOf(job) })}>${preview ? html`<img src=${preview} alt="" />` : html`<${Icon} name=${isRunning ? 'image' : job.status === 'failed' ? 'alert' : isPending ? 'clock' : 'close'} />`}</a>
    <div class="job-main"><p class="title">${titleOf(job)}</p><p class="soft small">${aboutOf(job)}</p>
      ${isRunning && html`<${Progress} value=${progressOf(job, now)} label=${t('progress.of', { name: titleOf(job) })} />`}
      <p class=${job.status === 'failed' ? 'problem' : 'soft small'}>${isRunning ? progressText(job, now) : isPending ? waitingText(job) : job.status === 'failed' ? job.error : t('job.cancelled')}</p></div>
    <div class="row">
      ${isPending && html`<${Button} kind="quiet" icon="up" label=${t('queue.earlier')} onClick=${() => step(-1)} /><${Button} kind="quiet" icon="down" label=${t('queue.later')} onClick=${() => step(1)} />`}
      ${(isPending || isRunning) && html`<${Button} icon="close" text=${t('cancel')} onClick=${() => cancelJob(job.id)} />`}
      ${!isPending && !isRunning && html`<${Button} icon="again" text=${t('job.retry')} onClick=${() => retryJob(job.id)} /><${LinkButton} icon="logs" text=${t('job.log')} href=${`#/logs/${job.id}`} />
        <${Button} kind="quiet" icon="trash" label=${t('queue.remove')} onClick=${() => removeJob(job.id)} />`}
    </div>
  </li>`;
}

export function Queue() {
  const dragged = useSignal('');
  const active = activeJobs.value;
  const ended = endedJobs.value;
  const running = active.filter(job => job.status === 'processing').length;
  const waiting = Math.max(active.length - running, waitingCount.value);
  const now = useNow(running > 0);
  const clear = () => Promise.all(ended.map(job => removeJob(job.id)));
  return html`<section id="queue" class="page" aria-label=${t('nav.queue')}>
    <div class="bar"><h2>${t('nav.queue')}</h2><span class="soft" role="status">${[paused.value && t('queue.isPaused'), t('queue.counts', { running, waiting: number(waiting) }), waiting > active.length - running && t('queue.firstShown', { count: active.length - running })].filter(Boolean).join(' · ')}</span><span class="grow"></span>
      <${Button} icon=${paused.value ? 'play' : 'pause'} text=${paused.value ? t('queue.resume') : t('queue.pause')} onClick=${() => setPaused(!paused.value)} />
      <${Button} icon="close" text=${t('queue.cancelAll')} disabled=${active.length === 0} onClick=${cancelAll} /></div>
    ${!queueKnown.value ? html`<div class="skeleton"></div><div class="skeleton"></div>` : active.length > 0
      ? html`<ol class="jobs" aria-label=${t('queue.list')}>${active.map(job => html`<${Row} key=${job.id} job=${job} dragged=${dragged} now=${now} />`)}</ol>`
      : html`<${Empty} icon="queue" title=${t('queue.empty')}><p class="soft">${t('queue.empty.about')}</p><${LinkButton} kind="main" text=${t('nav.create')} href="#/" /><//>`}
    ${ended.length > 0 && html`<div class="bar"><h2>${t('queue.ended')}</h2><span class="grow"></span><${Button} kind="small" icon="trash" text=${t('queue.clear')} onClick=${clear} /></div>
      <ul class="jobs" aria-label=${t('queue.ended')}>${ended.map(job => html`<${Row} key=${job.id} job=${job} dragged=${dragged} now=${now} />`)}</ul>`}
  </section>`;
}
