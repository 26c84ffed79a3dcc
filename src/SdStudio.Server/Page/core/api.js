// The server's REST API; nothing else of the server is used by this page. Addresses are relative: the page works under any path.
const base = new URL('.', document.baseURI);

/** @param {string} path as the server writes it, from its root or from that of the host */
export const address = path => new URL(path.startsWith(base.pathname) ? path : path.replace(/^\//, ''), base).href;

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
  const isForm = body instanceof FormData;
  const headers = body === undefined || isForm ? {} : { 'Content-Type': 'application/json' };
  const response = await send(path, { method, headers, body: isForm ? body : body === undefined ? undefined : JSON.stringify(body), ...more });
  const answer = await response.json().catch(() => ({}));
  if (!response.ok) {
    if (response.status === 401 && path !== '/api/login') document.dispatchEvent(new Event('key-needed'));
    throw new ApiError(response.status, [answer.error ?? `HTTP ${response.status}`, answer.detail].filter(Boolean).join('. '));
  }
  return answer;
}
// Words come from the language that is loaded later.
api.unreachable = () => 'The server does not answer.';

/** Shows the server a key, once: from then on a cookie is sent that no script can read. @param {string} key */
export const login = key => post('/api/login', { api_key: key });
export const logout = () => post('/api/logout');

// Where an earlier version of this page kept the key.
const formerKey = 'sdstudio.key';
/** @returns {Promise<boolean>} whether there was a key, and it was right */
export async function loginWithFormerKey() {
  const key = localStorage.getItem(formerKey);
  localStorage.removeItem(formerKey);
  return key !== null && key !== '' && login(key).then(() => true, () => false);
}

export const get = path => api('GET', path);
export const post = (path, body = undefined) => api('POST', path, body);

/** @param {string} path @param {object|undefined} body sent where there is one @returns {Promise<Blob>} */
export async function getBlob(path, body = undefined) {
  const response = await send(path, body ? { method: 'POST', headers: { 'Content-Type': 'application/json' }, body: JSON.stringify(body) } : {});
  if (!response.ok) throw new ApiError(response.status, (await response.json().catch(() => ({}))).error ?? `HTTP ${response.status}`);
  return response.blob();
}

/** A file as JSON carries it. @param {Blob} blob @returns {Promise<string>} */
export const dataUrl = blob => new Promise((resolve, reject) => {
  const reader = new FileReader();
  reader.onload = () => resolve(/** @type {string} */ (reader.result));
  reader.onerror = () => reject(reader.error);
  reader.readAsDataURL(blob);
});
