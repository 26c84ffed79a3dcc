// The image before and after, with a line between that is pulled.
import { html, useEffect, useRef, useSignal } from '../lib.js';
import { address } from '../core/api.js';
import { fetchJob, jobs } from '../core/store.js';
import { view } from '../core/view.js';
import { t } from '../core/text.js';
import { Viewport } from './viewport.js';

function Split({ at }) {
  const { scale, x } = view.value;
  return html`<i class="split" style=${{ left: `${x + at * scale}px` }}></i>`;
}

/** What an image is compared with: what it started from, or another one. @returns {{url: string, text: string}|null} */
function otherOf(job, compared) {
  if (compared === 'input') return job.input_image_path ? { url: address(`/api/generations/${job.id}/input`), text: t('compare.before') } : null;
  const [id, index] = compared.split('/');
  const image = jobs.value.get(id)?.images?.find(one => one.index_in_batch === Number(index) - 1);
  return image ? { url: address(image.url), text: t('fact.seedShort', { seed: image.seed }) } : null;
}

/** @param {{job: import('../core/types').Job, image: import('../core/types').ImageView, compared: string}} properties */
export function Compare({ job, image, compared }) {
  const split = useSignal(50);
  const root = useRef(null);
  useEffect(() => { if (compared !== 'input') fetchJob(compared.split('/')[0]).catch(() => undefined); }, [compared]);
  const other = otherOf(job, compared);
  const place = event => {
    const box = root.current.querySelector('.sheet').getBoundingClientRect();
    split.value = Math.max(0, Math.min(100, 100 * (event.clientX - box.left) / box.width));
  };
  const tool = {
    down: (_x, _y, event) => {
      place(event);
      event.preventDefault();
      return true;
    },
    move: (_x, _y, event) => { if (event.buttons & 1) place(event); },
    up: () => undefined,
  };
  const after = compared === 'input' ? t('compare.after') : t('fact.seedShort', { seed: image.seed });
  return html`<div class="compare" ref=${root}>
    <${Viewport} width=${image.width} height=${image.height} label=${t('compare')} tool=${tool} overlay=${html`<${Split} at=${image.width * split.value / 100} />`}>
      <img class="whole result" src=${address(image.url)} width=${image.width} height=${image.height} alt=${after} draggable=${false} />
      ${other && html`<img class="whole" src=${other.url} alt=${other.text} draggable=${false} style=${{ clipPath: `inset(0 ${100 - split.value}% 0 0)` }} />`}
    <//>
    <span class="tag before">${other?.text}</span><span class="tag after">${after}</span>
    <input type="range" class="split-range" min="0" max="100" value=${split.value} aria-label=${t('compare.slider')} onInput=${event => { split.value = Number(event.target.value); }} />
  </div>`;
}
