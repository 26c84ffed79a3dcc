// The place where an image is looked at: fitted, at its own size, zoomed with the wheel or two fingers, moved with a drag.
import { html, useEffect, useLayoutEffect, useRef } from '../lib.js';
import { actualSize, box, fit, isFitted, pan, show, view, zoomBy, zoomTo } from '../core/view.js';
import { number, t } from '../core/text.js';
import { Button } from './ui.js';

/** What a tool does with a pointer on the image; the canvas moves when there is none.
 * @typedef {{down: (x: number, y: number, event: PointerEvent) => boolean, move: (x: number, y: number, event: PointerEvent) => void, up: () => void, leave?: () => void}} Tool */

/** @param {{width: number, height: number, children?: any, overlay?: any, tool?: Tool|null, label: string, swipe?: (step: number) => void, kind?: string}} properties */
export function Viewport({ width, height, children, overlay, tool = null, label, swipe, kind = '' }) {
  const element = useRef(null);
  const pointers = useRef(new Map());
  const gesture = useRef(null);
  useLayoutEffect(() => {
    const observer = new ResizeObserver(() => { box.value = { width: element.current.clientWidth, height: element.current.clientHeight }; });
    observer.observe(element.current);
    box.value = { width: element.current.clientWidth, height: element.current.clientHeight };
    return () => observer.disconnect();
  }, []);
  useLayoutEffect(() => show(width, height), [width, height]);
  useEffect(() => {
    const wheel = event => {
      event.preventDefault();
      const at = element.current.getBoundingClientRect();
      if (event.ctrlKey || event.deltaMode !== 0 || Math.abs(event.deltaY) >= 50) zoomBy(event.deltaY < 0 ? 1.2 : 1 / 1.2, event.clientX - at.left, event.clientY - at.top);
      else pan(-event.deltaX, -event.deltaY);
    };
    element.current.addEventListener('wheel', wheel, { passive: false });
    return () => element.current?.removeEventListener('wheel', wheel);
  }, []);

  /** @returns {[number, number]} */
  const place = event => {
    const at = element.current.getBoundingClientRect();
    const { scale, x, y } = view.value;
    return [(event.clientX - at.left - x) / scale, (event.clientY - at.top - y) / scale];
  };
  const down = event => {
    if (event.target.closest('button, a, input')) return;
    pointers.current.set(event.pointerId, [event.clientX, event.clientY]);
    element.current.setPointerCapture(event.pointerId);
    if (pointers.current.size === 2) {
      tool?.up();
      gesture.current = { kind: 'pinch', ...spread() };
      return;
    }
    const isTool = tool && event.button === 0 && !event.altKey && tool.down(...place(event), event);
    gesture.current = { kind: isTool ? 'tool' : 'pan', x: event.clientX, y: event.clientY, startX: event.clientX };
  };
  const spread = () => {
    const [[x1, y1], [x2, y2]] = [...pointers.current.values()];
    return { distance: Math.hypot(x1 - x2, y1 - y2), x: (x1 + x2) / 2, y: (y1 + y2) / 2 };
  };
  const move = event => {
    const active = gesture.current;
    if (!active) {
      tool?.move(...place(event), event);
      return;
    }
    if (pointers.current.has(event.pointerId)) pointers.current.set(event.pointerId, [event.clientX, event.clientY]);
    if (active.kind === 'pinch') {
      const now = spread();
      const at = element.current.getBoundingClientRect();
      zoomTo(view.value.scale * now.distance / active.distance, now.x - at.left, now.y - at.top);
      pan(now.x - active.x, now.y - active.y);
      Object.assign(active, now);
    } else if (active.kind === 'tool') {
      tool.move(...place(event), event);
    } else {
      if (!isFitted.value || event.pointerType === 'mouse') pan(event.clientX - active.x, event.clientY - active.y);
      Object.assign(active, { x: event.clientX, y: event.clientY });
    }
  };
  const up = event => {
    const active = gesture.current;
    if (active?.kind === 'tool') tool?.up();
    const way = active ? event.clientX - active.startX : 0;
    if (active?.kind === 'pan' && isFitted.value && event.pointerType !== 'mouse' && Math.abs(way) > 60) swipe?.(way < 0 === (document.dir !== 'rtl') ? 1 : -1);
    pointers.current.delete(event.pointerId);
    gesture.current = null;
  };
  const { scale, x, y } = view.value;
  return html`<div class=${`viewport ${kind} ${tool ? 'painting' : ''}`} ref=${element} role="group" aria-label=${label} onPointerDown=${down} onPointerMove=${move} onPointerUp=${up}
    onPointerCancel=${up} onPointerLeave=${() => tool?.leave?.()} onDblClick=${event => { if (!tool && !event.target.closest('button')) isFitted.value ? actualSize() : fit(); }}>
    <div class="sheet" style=${{ width: `${width}px`, height: `${height}px`, transform: `translate(${x}px, ${y}px) scale(${scale})` }}>${children}</div>${overlay}
  </div>`;
}

/** The buttons for how the image is looked at. */
export const ZoomTools = () => html`<div class="zoom" role="group" aria-label=${t('zoom')}>
  <${Button} kind="small" icon="minus" label=${t('zoom.out')} onClick=${() => zoomBy(1 / 1.25)} />
  <output class="scale">${number(view.value.scale * devicePixelRatio * 100, 0)} %</output>
  <${Button} kind="small" icon="plus" label=${t('zoom.in')} onClick=${() => zoomBy(1.25)} />
  <${Button} kind="small" text=${t('zoom.fit')} pressed=${isFitted.value} onClick=${fit} />
  <${Button} kind="small" text="100 %" label=${t('zoom.actual')} onClick=${actualSize} />
</div>`;
