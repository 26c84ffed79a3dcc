// The server's REST API; nothing else of the server is used by this page. Addresses are relative: the page works under any path.
const keyName = 'sdstudio.key';

export const key = () => localStorage.getItem(keyName) ?? '';
/** @param {string} value */
export const setKey = value => localStorage.setItem(keyName, value);

const base = new URL('.', document.baseURI);

/** @param {string} path as the server writes it, from its root */
export const address = path => new URL(path.replace(/^\//, ''), base).href;

/** Where a browser can send no header: images and events. @param {string} path */
export const withKey = path => key() ? `${address(path)}${path.includes('?') ? '&' : '?'}api_key=${encodeURIComponent(key())}` : address(path);

export class ApiError extends Error {
  /** @param {number} status @param {string} message */
  constructor(status, message) {
    super(message);
    this.status = status;
  }
}

// The server may be gone, or have closed the line in the middle of what it was sent.
async function send(path, options) {
  try {
    return await fetch(address(path), options);
  } catch {
    throw new ApiError(0, api.unreachable());
  }
}

/** @returns {Promise<any>} */
export async function api(method, path, body = undefined, more = {}) {
  /** @type {Record<string, string>} */
  const headers = key() ? { Authorization: `Bearer ${key()}` } : {};
  const isForm = body instanceof FormData;
  if (body !== undefined && !isForm) headers['Content-Type'] = 'application/json';
  const response = await send(path, { method, headers, body: isForm ? body : body === undefined ? undefined : JSON.stringify(body), ...more });
  const answer = await response.json().catch(() => ({}));
  if (!response.ok) {
    if (response.status === 401) document.dispatchEvent(new Event('key-needed'));
    throw new ApiError(response.status, [answer.error ?? `HTTP ${response.status}`, answer.detail].filter(Boolean).join('. '));
  }
  return answer;
}
// Words come from the language that is loaded later.
api.unreachable = () => 'The server does not answer.';

export const get = path => api('GET', path);
export const post = (path, body = undefined) => api('POST', path, body);

/** @param {string} path @returns {Promise<Blob>} */
export async function getBlob(path) {
  const response = await send(path, { headers: key() ? { Authorization: `Bearer ${key()}` } : {} });
  if (!response.ok) throw new ApiError(response.status, (await response.json().catch(() => ({}))).error ?? `HTTP ${response.status}`);
  return response.blob();
}
