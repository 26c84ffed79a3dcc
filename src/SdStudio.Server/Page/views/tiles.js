// The images of this server as tiles, of which only those on the screen exist.
import { html, useEffect, useLayoutEffect, useRef, useSignal } from '../lib.js';
import { address } from '../core/api.js';
import { imagesOf, keyOf, look, positionOf, searches, selection, tileAt, toggle, total } from '../core/history.js';
import { imageHash } from '../core/route.js';
import { jobs } from '../core/store.js';
import { shownImage } from '../core/turn.js';
import { t } from '../core/text.js';
import { Icon } from './ui.js';

const gap = 8;
// Nothing is drawn anew for less: half a screen before and after is there already.
const stride = 64;
// How far each list was scrolled: who comes back finds what was left.
const places = new Map();

// The first image of a generation is asked for by the generation; the others are known when the generation was looked at.
function thumbnailOf({ entry, index }, side) {
  const image = jobs.value.get(entry.id)?.images?.[index];
  if (image) return `${image.thumbnail_url}?size=${side}`;
  return index === 0 ? `/api/generations/${entry.id}/thumbnail?size=${side}` : null;
}

const isDense = () => (devicePixelRatio > 1.5 ? 512 : 256);

/** One image: a link to it, a box to select it. */
function TileView({ tile, position, count, style, isCurrent, lastSelected }) {
  const { entry, index } = tile;
  const key = keyOf(tile);
  const isSelected = selection.value.has(key);
  const isBroken = useSignal(false);
  const source = thumbnailOf(tile, isDense());
  useEffect(() => { if (!source) imagesOf(entry.id).catch(() => { isBroken.value = true; }); }, [source]);
  const name = entry.prompt || t('upscaled');
  const label = entry.count > 1 ? t('image.numbered', { prompt: name, value: index + 1 }) : name;
  const select = event => {
    event.preventDefault();
    event.stopPropagation();
    const from = lastSelected.current;
    if (event.shiftKey && from !== null) {
      const next = new Set(selection.value);
      for (let place = Math.min(from, position); place <= Math.max(from, position); place++) {
        const other = tileAt(place);
        if (other) next.add(keyOf(other));
      }
      selection.value = next;
    } else {
      toggle(key);
    }
    lastSelected.current = position;
  };
  // With something selected, a click selects more.
  const click = event => { if (selection.value.size > 0 && !event.ctrlKey && !event.metaKey) select(event); };
  return html`<li class=${`tile ${isSelected ? 'selected' : ''}`} style=${style} data-index=${position} aria-setsize=${count} aria-posinset=${position + 1}>
    <a href=${imageHash(entry.id, index)} aria-label=${label} aria-current=${isCurrent ? 'true' : undefined} onClick=${click} title=${label}>
      ${isBroken.value || !source ? html`<span class="soft small">${isBroken.value ? name : ''}</span>` : html`<img decoding="async" src=${address(source)} alt="" onError=${() => { isBroken.value = true; }} />`}</a>
    ${entry.count > 1 && html`<span class="badge">${index + 1}/${entry.count}</span>`}
    ${entry.type === 'upscale' && html`<span class="badge corner"><${Icon} name="upscale" /></span>`}
    <button type="button" class="pick" role="checkbox" aria-checked=${isSelected} aria-label=${t('select', { name: label })} onClick=${select}><${Icon} name="check" /></button>
  </li>`;
}

/** @param {{smallest: number, label: string, before?: any}} properties */
export function Tiles({ smallest, label, before = undefined }) {
  const scroller = useRef(null);
  const grid = useRef(null);
  const seen = useSignal({ top: 0, height: 0, width: 0 });
  const focusOn = useRef(-1);
  const lastSelected = useRef(null);
  const measure = () => {
    if (!scroller.current || !grid.current) return;
    const { scrollTop, clientHeight } = scroller.current;
    if (seen.value.width > 0) places.set(label, scrollTop);
    const next = { top: Math.floor((scrollTop - grid.current.offsetTop) / stride) * stride, height: clientHeight, width: grid.current.clientWidth };
    const old = seen.value;
    if (old.top !== next.top || old.height !== next.height || old.width !== next.width) seen.value = next;
  };
  useLayoutEffect(() => {
    const observer = new ResizeObserver(measure);
    observer.observe(scroller.current);
    measure();
    return () => observer.disconnect();
  }, []);
  const { top, height, width } = seen.value;
  const count = total.value;
  const columns = Math.max(2, Math.floor((width + gap) / (smallest + gap)));
  const side = Math.max(1, (width - gap * (columns - 1)) / columns);
  const row = side + gap;
  const first = Math.max(0, Math.floor((top - height / 2) / row)) * columns;
  const last = Math.min(count, Math.ceil((top + height * 1.5) / row) * columns);
  const isMeasured = width > 0;
  useLayoutEffect(() => {
    if (isMeasured && places.get(label)) scroller.current.scrollTop = places.get(label);
  }, [isMeasured]);
  const search = useRef(searches.peek());
  useLayoutEffect(() => {
    if (search.current === searches.value) return;
    search.current = searches.value;
    scroller.current.scrollTop = 0;
    measure();
  }, [searches.value]);
  useEffect(() => { if (isMeasured) look(first, last); });
  useEffect(() => {
    if (focusOn.current < 0) return;
    const aim = grid.current.querySelector(`[data-index="${focusOn.current}"] a`);
    if (!aim) return;
    focusOn.current = -1;
    aim.focus({ preventScroll: true });
  });
  const keys = event => {
    const step = { ArrowLeft: document.dir === 'rtl' ? 1 : -1, ArrowRight: document.dir === 'rtl' ? -1 : 1, ArrowUp: -columns, ArrowDown: columns, Home: -Infinity, End: Infinity }[event.key];
    const tile = event.target.closest('li.tile');
    if (!step || !tile || event.altKey || event.ctrlKey) return;
    event.preventDefault();
    event.stopPropagation();
    const index = Math.max(0, Math.min(count - 1, Number(tile.dataset.index) + step));
    focusOn.current = index;
    const place = grid.current.offsetTop + Math.floor(index / columns) * row;
    const { scrollTop, clientHeight } = scroller.current;
    if (place < scrollTop || place + side > scrollTop + clientHeight) scroller.current.scrollTop = place - clientHeight / 2;
    measure();
    seen.value = { ...seen.value };
  };
  const shown = shownImage();
  const current = shown ? positionOf(shown.id, shown.index) : -1;
  const items = [];
  for (let position = first; isMeasured && position < last; position++) {
    const tile = tileAt(position);
    const style = { transform: `translate(${(document.dir === 'rtl' ? -1 : 1) * (position % columns) * row}px, ${Math.floor(position / columns) * row}px)`, width: `${side}px`, height: `${side}px` };
    items.push(tile
      ? html`<${TileView} key=${keyOf(tile)} tile=${tile} position=${position} count=${count} style=${style} isCurrent=${position === current} lastSelected=${lastSelected} />`
      : html`<li key=${`place ${position}`} class="tile waits" style=${style} aria-hidden="true"></li>`);
  }
  return html`<div class="tiles-scroll" ref=${scroller} onScroll=${measure}>${before}
    <ul class="tiles" ref=${grid} aria-label=${label} onKeyDown=${keys} style=${{ height: `${Math.max(0, Math.ceil(count / columns) * row - gap)}px` }}>${items}</ul></div>`;
}
