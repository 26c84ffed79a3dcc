// The image before and after, with a line between that is pulled.
import { html, useRef, useSignal } from '../lib.js';
import { address } from '../core/api.js';
import { view } from '../core/view.js';
import { t } from '../core/text.js';
import { Viewport } from './viewport.js';

function Split({ at }) {
  const { scale, x } = view.value;
  return html`<i class="split" style=${{ left: `${x + at * scale}px` }}></i>`;
}

export function Compare({ job, image }) {
  const split = useSignal(50);
  const root = useRef(null);
  const pull = event => {
    if (!(event.buttons & 1)) return;
    const box = root.current.querySelector('.sheet').getBoundingClientRect();
    split.value = Math.max(0, Math.min(100, 100 * (event.clientX - box.left) / box.width));
  };
  return html`<div class="compare" ref=${root}>
    <${Viewport} width=${image.width} height=${image.height} label=${t('compare')} tool=${{ down: (x, _y, event) => { split.value = Math.max(0, Math.min(100, 100 * x / image.width)); event.preventDefault(); return true; }, move: (_x, _y, event) => pull(event), up: () => undefined }}
      overlay=${html`<${Split} at=${image.width * split.value / 100} />`}>
      <img class="whole result" src=${address(image.url)} width=${image.width} height=${image.height} alt=${t('compare.after')} draggable=${false} />
      <img class="whole" src=${address(`/api/generations/${job.id}/input`)} alt=${t('compare.before')} draggable=${false} style=${{ clipPath: `inset(0 ${100 - split.value}% 0 0)` }} />
    <//>
    <span class="tag before">${t('compare.before')}</span><span class="tag after">${t('compare.after')}</span>
    <input type="range" class="split-range" min="0" max="100" value=${split.value} aria-label=${t('compare.slider')} onInput=${event => { split.value = Number(event.target.value); }} />
  </div>`;
}
