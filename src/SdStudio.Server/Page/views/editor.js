// The input image at full size: painted where it is to be redrawn, widened at its sides.
import { html, useEffect, useRef, useSignal } from '../lib.js';
import { addSides, canUndo, change, changedMask, feather, input, maskVersion, redo, undo } from '../core/input.js';
import { draft, isMasked, set } from '../core/draft.js';
import { brush, erases } from '../core/brush.js';
import { back } from '../core/route.js';
import { view } from '../core/view.js';
import { number, t } from '../core/text.js';
import { Button, Menu } from './ui.js';
import { Viewport, ZoomTools } from './viewport.js';

/** The mask's own canvas, put into the page. */
function MaskLayer({ mask }) {
  const holder = useRef(null);
  useEffect(() => {
    mask.canvas.className = 'whole mask-layer';
    mask.canvas.setAttribute('role', 'img');
    holder.current.replaceChildren(mask.canvas);
  }, [mask]);
  mask.canvas.setAttribute('aria-label', isMasked.value ? t('mask.painted') : t('mask.empty'));
  return html`<div class="whole" ref=${holder}></div>`;
}

const moves = { ArrowLeft: [-1, 0], ArrowRight: [1, 0], ArrowUp: [0, -1], ArrowDown: [0, 1] };

// Sides are widened by this part of the image, in whole cells of the engine's grid.
const sideOf = length => Math.max(8, Math.round(length / 4 / 8) * 8);

function EditorBar() {
  maskVersion.value;
  const current = input.value;
  const isEmpty = current.mask.isEmpty;
  const widen = sides => addSides(sides).then(() => set({ width: `${input.value.width}`, height: `${input.value.height}` }));
  const [across, down] = [sideOf(current.width), sideOf(current.height)];
  return html`<div class="toolbar editor-bar" role="toolbar" aria-label=${t('mask.tools')}>
    <${Button} icon="brush" text=${t('mask.paint')} pressed=${!erases.value} onClick=${() => { erases.value = false; }} />
    <${Button} icon="eraser" text=${t('mask.erase')} pressed=${erases.value} onClick=${() => { erases.value = true; }} />
    <label class="inline"><span>${t('mask.brush')}</span><input type="range" name="brush" min="4" max="300" value=${brush.value} onInput=${event => { brush.value = Number(event.target.value); }} /><output>${brush.value}</output></label>
    <label class="inline"><span>${t('mask.feather')}</span><input type="range" name="mask_blur" min="0" max="128" value=${feather.value} onInput=${event => { feather.value = Number(event.target.value); }} /><output>${feather.value}</output></label>
    <${Button} icon="undo" label=${t('undo')} disabled=${!canUndo()} onClick=${undo} /><${Button} icon="redo" label=${t('redo')} disabled=${current.mask.undone.length === 0} onClick=${redo} />
    <${Button} icon="invert" label=${t('mask.invert')} onClick=${() => change({ kind: 'invert' })} />
    <${Button} text=${t('mask.clear')} disabled=${isEmpty} onClick=${() => change({ kind: 'clear' })} />
    <${Menu} icon="extend" text=${t('extend')} choices=${[
      { text: t('extend.left'), run: () => widen({ left: across }) }, { text: t('extend.right'), run: () => widen({ right: across }) },
      { text: t('extend.top'), run: () => widen({ top: down }) }, { text: t('extend.bottom'), run: () => widen({ bottom: down }) },
      { text: t('extend.all'), run: () => widen({ left: across, right: across, top: down, bottom: down }) }]} />
    <span class="grow"></span>
    <${Button} icon="check" text=${t('mask.close')} onClick=${back} />
  </div>`;
}

// Where the brush is: as large as what it paints, whatever the zoom.
function Ring({ at, diameter }) {
  const { scale, x, y } = view.value;
  const size = `${diameter * scale}px`;
  return html`<i class=${`ring ${erases.value ? 'erases' : ''}`} style=${{ left: `${x + at[0] * scale}px`, top: `${y + at[1] * scale}px`, width: size, height: size }}></i>`;
}

export function Editor() {
  const current = input.value;
  const pointer = useSignal(null);
  const isKeys = useRef(false);
  const { mask, width, height } = current;
  // The brush has the size it has on the screen's own image, in image pixels.
  const diameter = brush.value;
  const tool = {
    down: (x, y, event) => {
      if (event.button !== 0) return false;
      change({ kind: 'stroke', erases: erases.value, size: diameter, points: [[x, y]] });
      pointer.value = [x, y];
      return true;
    },
    move: (x, y, event) => {
      isKeys.current = false;
      pointer.value = [x, y];
      if (event.buttons & 1) mask.extend([x, y]);
    },
    up: changedMask,
    leave: () => { if (!isKeys.current) pointer.value = null; },
  };
  const keys = event => {
    if (!moves[event.key] && event.key !== ' ') return;
    event.preventDefault();
    event.stopPropagation();
    isKeys.current = true;
    const [x, y] = pointer.value ?? [width / 2, height / 2];
    if (event.key === ' ') {
      change({ kind: 'stroke', erases: erases.value, size: diameter, points: [[x, y]] });
      pointer.value = [x, y];
      return;
    }
    const [dx, dy] = moves[event.key];
    pointer.value = [Math.max(0, Math.min(width, x + dx * diameter / 2)), Math.max(0, Math.min(height, y + dy * diameter / 2))];
  };
  return html`<div class="stage editor">
    <div class="key-target" tabindex="0" role="application" aria-label=${t('mask.keys')} onKeyDown=${keys} onBlur=${() => { pointer.value = null; }}>
      <${Viewport} width=${width} height=${height} label=${t('mask.canvas')} tool=${tool} overlay=${pointer.value && html`<${Ring} at=${pointer.value} diameter=${diameter} />`}>
        <img class="whole" id="input-image" src=${current.url} alt=${t('input.title')} draggable=${false} />
        <${MaskLayer} mask=${mask} />
      <//>
    </div>
    <div class="under"><${EditorBar} />
      <div class="facts"><p>${width} × ${height} · ${isMasked.value ? t('input.masked') : t('mask.hint')} · ${t('fact.strength')} ${number(Number(draft.value.strength))}</p><${ZoomTools} /></div></div>
  </div>`;
}
