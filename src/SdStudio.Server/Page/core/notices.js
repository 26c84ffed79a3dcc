// What is said at the edge of the page, in the tab's title and in its icon.
import { signal } from '../lib.js';

/** @type {import('./types').Signal<import('./types').Notice[]>} */
export const notices = signal([]);
/** For those who listen: what is seen anyway. */
export const spoken = signal('');
export const say = text => { spoken.value = text; };

let last = 0;
const timers = new Map();

/** The same text twice is one notice with a 2. */
export function notify(text, { action = undefined, isError = false } = {}) {
  const same = notices.value.find(notice => notice.text === text && notice.isError === isError);
  const notice = { id: same?.id ?? ++last, text, isError, action, count: (same?.count ?? 0) + 1 };
  notices.value = [...notices.value.filter(other => other.id !== notice.id), notice].slice(-4);
  clearTimeout(timers.get(notice.id));
  timers.set(notice.id, setTimeout(() => dismiss(notice.id), isError ? 12000 : action ? 7000 : 4000));
  return notice.id;
}

export function dismiss(id) {
  clearTimeout(timers.get(id));
  timers.delete(id);
  notices.value = notices.value.filter(notice => notice.id !== id);
}

/** What goes wrong is said, whoever asked for it. */
export const guarded = work => async (...parameters) => {
  try {
    return await work(...parameters);
  } catch (error) {
    notify(/** @type {Error} */ (error).message, { isError: true });
  }
};

/** Many calls in a moment are one. */
export function soon(work, milliseconds = 150) {
  let timer;
  return () => { timer ??= setTimeout(() => { timer = undefined; work(); }, milliseconds); };
}

/** Only the last of many calls counts. */
export function settled(work, milliseconds) {
  let timer;
  return (...parameters) => {
    clearTimeout(timer);
    timer = setTimeout(() => work(...parameters), milliseconds);
  };
}
