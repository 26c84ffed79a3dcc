// Where one is: every view, image and search has an address, so Back and links work.
import { signal } from '../lib.js';

// An address that was cut off or typed may end within an escape: that names nothing, and the page is to open all the same.
function decoded(part) {
  try {
    return decodeURIComponent(part);
  } catch {
    return part;
  }
}

function parse() {
  const [path, query] = location.hash.replace(/^#\/?/, '').split('?');
  const [name = '', ...parts] = path.split('/').map(decoded);
  return { name, parts, params: new URLSearchParams(query) };
}

/** @type {import('./types').Signal<import('./types').Route>} */
export const route = signal(parse());
// How many of this page's own entries lie behind the one that is shown.
let depth = history.state?.depth ?? 0;

function arrived() {
  if (history.state?.depth === undefined) history.replaceState({ depth: depth + 1 }, '');
  depth = history.state.depth;
  route.value = parse();
}
if (history.state?.depth === undefined) history.replaceState({ depth: 0 }, '');
addEventListener('hashchange', arrived);
addEventListener('popstate', arrived);

/** @param {string} hash such as #/queue */
export function go(hash, { replace = false } = {}) {
  if (location.hash === hash) return;
  if (replace) history.replaceState({ depth }, '', hash);
  else history.pushState({ depth: depth + 1 }, '', hash);
  arrived();
}

/** What is open is closed: back to where one came from, or home for those who came by a link. */
export function back() {
  if (depth > 0) history.back();
  else go('#/', { replace: true });
}

export const imageHash = (jobId, index = 0) => `#/image/${encodeURIComponent(jobId)}${index > 0 ? `/${index + 1}` : ''}`;
export const jobHash = jobId => `#/job/${encodeURIComponent(jobId)}`;

/** The address of what is shown, with one parameter changed; null takes it away. */
export function hashWith(name, value) {
  const { params } = route.value;
  const changed = new URLSearchParams(params);
  if (value === null) changed.delete(name);
  else changed.set(name, value);
  const path = location.hash.split('?')[0] || '#/';
  return changed.size > 0 ? `${path}?${changed}` : path;
}

const pages = ['gallery', 'queue', 'models', 'logs', 'settings', 'help'];
export const pageOf = ({ name }) => pages.includes(name) ? name : 'create';
