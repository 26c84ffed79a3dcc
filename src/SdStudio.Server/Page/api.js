// The server's REST API and its events; nothing else of the server is used by this page.
const keyName = 'sdstudio.key';

export const key = () => localStorage.getItem(keyName) ?? '';
export const setKey = value => localStorage.setItem(keyName, value);

// Where a browser can send no header: pictures and events.
export const withKey = path => key() ? `${path}${path.includes('?') ? '&' : '?'}api_key=${encodeURIComponent(key())}` : path;

export class ApiError extends Error {
  constructor(status, message) {
    super(message);
    this.status = status;
  }
}

// The server may be gone, or have closed the line in the middle of what it was sent.
async function send(path, options) {
  try {
    return await fetch(path, options);
  } catch {
    throw new ApiError(0, 'The server does not answer. Does it still run? This page finds it again by itself.');
  }
}

export async function api(method, path, body, more = {}) {
  const headers = key() ? { Authorization: `Bearer ${key()}` } : {};
  const isForm = body instanceof FormData;
  if (body !== undefined && !isForm) headers['Content-Type'] = 'application/json';
  const response = await send(path, { method, headers, body: isForm ? body : body === undefined ? undefined : JSON.stringify(body), ...more });
  const answer = await response.json().catch(() => ({}));
  if (!response.ok) {
    if (response.status === 401) document.dispatchEvent(new Event('key-needed'));
    throw new ApiError(response.status, [answer.error ?? `The server answered ${response.status}`, answer.detail].filter(Boolean).join('. '));
  }
  return answer;
}

export const get = path => api('GET', path);
export const post = (path, body) => api('POST', path, body);

const listeners = new Map();
export function on(type, listener) {
  if (!listeners.has(type)) listeners.set(type, []);
  listeners.get(type).push(listener);
}
export function tell(type, data) {
  for (const listener of listeners.get(type) ?? []) listener(data);
}

const types = ['job_created', 'job_updated', 'job_progress', 'job_preview', 'job_completed', 'job_failed', 'job_cancelled', 'queue_paused', 'queue_resumed',
  'generation_completed', 'generation_deleted', 'model_status_changed', 'models_changed', 'download_progress', 'download_completed', 'download_failed', 'download_cancelled'];

let wasOpen = false;

// The browser connects again by itself and names the last event it has seen; "reset" says that too much was missed.
export function listen() {
  const source = new EventSource(withKey('/api/events?channels=queue,generations,models,previews'));
  source.onopen = () => {
    tell('connected');
    if (wasOpen) tell('reset');
    wasOpen = true;
  };
  source.onerror = () => {
    tell('disconnected');
    // A server that restarted refuses once: then the browser gives up and we do not.
    if (source.readyState === EventSource.CLOSED) setTimeout(listen, 1500);
  };
  source.addEventListener('reset', () => tell('reset'));
  for (const type of types)
    source.addEventListener(type, event => {
      const message = JSON.parse(event.data);
      tell(type, message.data ?? message);
    });
}
