// Files of models that people add: from a repository, from an address, or from this computer in parts.
import { signal } from '../lib.js';
import { api, get, post } from './api.js';
import { config, putDownload } from './store.js';

/** @typedef {{id: string, name: string, sent: number, total: number, problem: string, stop: () => void}} Upload */

/** @type {import('./types').Signal<Upload[]>} */
export const uploads = signal([]);

const again = 2000;
const put = upload => { uploads.value = [...uploads.value.filter(other => other.id !== upload.id), upload]; };
const remove = id => { uploads.value = uploads.value.filter(other => other.id !== id); };

/** From where the server fetches it. @param {{kind: string, repository?: string, file?: string, url?: string, name?: string, sha256?: string}} what */
export async function addFrom(what) {
  const { download_id: downloadId, file } = await post('/api/models/add', Object.fromEntries(Object.entries(what).filter(([, value]) => value)));
  putDownload({ downloadId, model: file, status: 'downloading', progress: 0, bytes_downloaded: 0, total_bytes: 0, bytes_per_second: null, seconds_left: null, current_file: null, error: null });
}

/** From this computer; a break in the middle costs nothing but time. @param {string} kind @param {File} file */
export async function addUpload(kind, file) {
  const { upload } = await post('/api/models/add', { kind, name: file.name, bytes: file.size });
  let isStopped = false;
  const stop = () => {
    isStopped = true;
    remove(upload.id);
    api('DELETE', upload.url).catch(() => undefined);
  };
  const state = { id: upload.id, name: file.name, sent: 0, total: file.size, problem: '', stop };
  const most = Math.min(upload.part_bytes, config.value?.limits.max_request_bytes ?? upload.part_bytes);
  put(state);
  let at = 0;
  while (at < file.size && !isStopped) {
    try {
      ({ received: at } = await api('PUT', `${upload.url}?offset=${at}`, undefined, { body: file.slice(at, at + most) }));
    } catch (thrown) {
      if (isStopped) return;
      const error = /** @type {import('./api.js').ApiError} */ (thrown);
      // The server is away, or has more than this page heard of: it says where to go on.
      if (error.status !== 0 && error.status !== 409) {
        put({ ...state, sent: at, problem: error.message, stop: () => remove(upload.id) });
        return;
      }
      await new Promise(resolve => { setTimeout(resolve, again); });
      at = await get(upload.url).then(known => known.received, () => at);
    }
    if (!isStopped) put({ ...state, sent: at });
  }
  remove(upload.id);
}
