// The keys of the page, wherever the focus is.
import { erases, widen } from './brush.js';
import { change, input, redo, undo } from './input.js';
import { back, go, pageOf, route } from './route.js';
import { turn } from './turn.js';
import { actualSize, fit, zoomBy } from './view.js';

const isTyping = target => target.closest?.('input:not([type=range], [type=checkbox], [type=radio]), textarea, select, [contenteditable]') !== null;

/** What only a view can do, by key; views put it there. @type {Map<string, () => void>} */
export const viewKeys = new Map();

function editorKey(event) {
  const isCommand = event.ctrlKey || event.metaKey;
  const name = event.key.toLowerCase();
  if (isCommand && name === 'z') return event.shiftKey ? redo : undo;
  if (isCommand && name === 'y') return redo;
  if (isCommand) return null;
  return { '[': () => widen(1 / 1.2), ']': () => widen(1.2), x: () => { erases.value = !erases.value; }, i: () => change({ kind: 'invert' }) }[name] ?? null;
}

const focusPrompt = () => document.getElementById('prompt')?.focus();
// Another view has no prompt; it is there with the next frame.
function toPrompt() {
  if (pageOf(route.value) === 'create') {
    focusPrompt();
    return;
  }
  go('#/');
  requestAnimationFrame(focusPrompt);
}

const general = {
  '/': toPrompt, ArrowLeft: () => turn(document.dir === 'rtl' ? 1 : -1), ArrowRight: () => turn(document.dir === 'rtl' ? -1 : 1), 0: fit, 1: actualSize, '+': () => zoomBy(1.25), '=': () => zoomBy(1.25), '-': () => zoomBy(0.8),
  g: () => go('#/gallery'), q: () => go('#/queue'), '?': () => go('#/help'), Escape: () => { if (route.value.name !== '') back(); },
};
const inWorkspace = new Set(['ArrowLeft', 'ArrowRight', '0', '1', '+', '=', '-']);

/** @param {() => void} generate */
export function listen(generate) {
  addEventListener('keydown', event => {
    if (event.defaultPrevented || event.isComposing) return;
    const isCommand = event.ctrlKey || event.metaKey;
    if (isCommand && event.key === 'Enter') {
      event.preventDefault();
      generate();
      return;
    }
    const target = /** @type {Element} */ (event.target);
    if (isTyping(target)) {
      if (event.key === 'Escape') /** @type {HTMLElement} */ (target).blur();
      return;
    }
    if (target.closest?.('[role=dialog], dialog')) return;
    const action = (route.value.name === 'edit' && input.value ? editorKey(event) : null) ?? (isCommand || event.altKey ? null : viewKeys.get(event.key.toLowerCase()) ?? general[event.key]);
    if (!action || (inWorkspace.has(event.key) && pageOf(route.value) !== 'create')) return;
    // Sliders have arrows of their own.
    if (target.matches?.('input[type=range], input[type=radio]') && event.key.startsWith('Arrow')) return;
    event.preventDefault();
    action();
  });
}
