// The images of this server as tiles, of which only those on the screen exist.
import { html, useEffect, useLayoutEffect, useRef, useSignal } from '../lib.js';
import { address } from '../core/api.js';
import { change, look, positionOf, searches, selection, tileAt, toggle, total } from '../core/history.js';
import { imageHash } from '../core/route.js';
import { shownImage } from '../core/turn.js';
import { t } from '../core/text.js';
import { lengthOf } from '../core/video.js';
import { Icon } from './ui.js';

const gap = 8;
// Nothing is rendered again for less: half a screen before and after is there already.
const stride = 64;
// How far each list was scrolled: who comes back finds what was left.
const places = new Map();

const isDense = () => (devicePixelRatio > 1.5 ? 512 : 256);

/** One image: a link to it, a star, a box to select it. @param {{image: import('../core/types').ListedImage, [more: string]: any}} properties */
function TileView({ image, position, count, style, isCurrent, lastSelected }) {
  const isSelected = selection.value.has(image.id);
  const isBroken = useSignal(false);
  const name = image.prompt || t('upscaled');
  const label = image.index_in_batch > 0 ? t('image.numbered', { prompt: name, value: image.index_in_batch + 1 }) : name;
  const select = event => {
    event.preventDefault();
    event.stopPropagation();
    const from = lastSelected.current;
    if (event.shiftKey && from !== null) {
      const next = new Map(selection.value);
      for (let place = Math.min(from, position); place <= Math.max(from, position); place++) {
        const other = tileAt(place);
        if (other) next.set(other.id, other);
      }
      selection.value = next;
    } else {
      toggle(image);
    }
    lastSelected.current = position;
  };
  // With something selected, a click selects more.
  const click = event => { if (selection.value.size > 0 && !event.ctrlKey && !event.metaKey) select(event); };
  return html`<li class=${`tile ${isSelected ? 'selected' : ''}`} style=${style} data-index=${position} aria-setsize=${count} aria-posinset=${position + 1}>
    <a href=${imageHash(image.generation_id, image.index_in_batch)} aria-label=${label} aria-current=${isCurrent ? 'true' : undefined} onClick=${click} title=${label}>
      ${isBroken.value ? html`<span class="soft small">${name}</span>` : html`<img decoding="async" src=${address(`${image.thumbnail_url}?size=${isDense()}`)} alt="" onError=${() => { isBroken.value = true; }} />`}</a>
    ${image.video && html`<span class="badge corner"><${Icon} name="play" /> ${lengthOf(image.video)}</span>`}
    ${image.type === 'upscale' && html`<span class="badge corner"><${Icon} name="upscale" /></span>`}
    ${image.rating > 0 && html`<span class="badge">${'★'.repeat(image.rating)}</span>`}
    <button type="button" class="star" aria-pressed=${image.starred} aria-label=${t(image.starred ? 'star.remove' : 'star.add', { name: label })} onClick=${() => change([image.id], { starred: !image.starred })}><${Icon} name="star" /></button>
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
    const image = tileAt(position);
    const style = { transform: `translate(${(document.dir === 'rtl' ? -1 : 1) * (position % columns) * row}px, ${Math.floor(position / columns) * row}px)`, width: `${side}px`, height: `${side}px` };
    items.push(image
      ? html`<${TileView} key=${image.id} image=${image} position=${position} count=${count} style=${style} isCurrent=${position === current} lastSelected=${lastSelected} />`
      : html`<li key=${`place ${position}`} class="tile waits" style=${style} aria-hidden="true"></li>`);
  }
  return html`<div class="tiles-scroll" ref=${scroller} onScroll=${measure}>${before}
    <ul class="tiles" ref=${grid} aria-label=${label} onKeyDown=${keys} style=${{ height: `${Math.max(0, Math.ceil(count / columns) * row - gap)}px` }}>${items}</ul></div>`;
}
