// The event stream: what happens on the server is put into the store.
import { batch } from '../lib.js';
import { finished } from './alerts.js';
import { address } from './api.js';
import * as history from './history.js';
import { noticed, refreshMarksSoon } from './listed.js';
import { settled } from './notices.js';
import * as store from './store.js';

const channels = 'queue,generations,models,previews';
let wasOpen = false;

function preview({ id, mime_type: type, image }) {
  store.previews.value = new Map(store.previews.value).set(id, `data:${type};base64,${image}`);
}

function ended(job) {
  if (!store.previews.value.has(job.id)) return;
  const next = new Map(store.previews.value);
  next.delete(job.id);
  store.previews.value = next;
}

// The first image of a model tells how long the next ones take.
function timed({ model }) {
  if (store.models.value?.some(one => one.id === model && one.exec_mode !== 'api' && !one.expected_time?.measured)) store.refreshModelsSoon();
}

// What the server computes on is known once the engine is loaded.
function known() {
  if (!store.health.value?.engine) store.refreshHealth();
}

const handlers = {
  job_created: job => { store.putJobs(job); store.refreshQueueSoon(); },
  job_updated: job => { store.putJobs(job); store.refreshQueueSoon(); },
  job_progress: job => store.putJobs(job),
  job_preview: preview,
  job_completed: job => batch(() => { store.putJobs(job); ended(job); store.refreshQueueSoon(); }),
  job_failed: job => batch(() => { store.putJobs(job); ended(job); store.refreshQueueSoon(); }),
  job_cancelled: job => batch(() => { store.putJobs(job); ended(job); store.refreshQueueSoon(); }),
  queue_paused: () => { store.paused.value = true; store.refreshQueueSoon(); },
  queue_resumed: () => { store.paused.value = false; store.refreshQueueSoon(); },
  generation_completed: job => { store.putJobs(job); finished(job); timed(job); },
  image_completed: image => batch(() => { store.putImage(image); history.added(image); }),
  image_changed: image => batch(() => { history.changed(image); noticed(image); refreshMarksSoon(); }),
  images_imported: () => history.renew(),
  image_deleted: ({ id }) => batch(() => history.imageDeleted(id)),
  generation_deleted: ({ id }) => batch(() => { store.forgetJob(id); history.deleted(id); }),
  model_status_changed: () => store.refreshModelsSoon(),
  models_changed: () => { store.refreshModelsSoon(); store.refreshLoras(); known(); },
  download_progress: state => store.putDownload(state),
  download_completed: state => { store.putDownload(state); store.refreshModelsSoon(); },
  download_failed: state => { store.putDownload(state); store.refreshModelsSoon(); },
  download_cancelled: state => { store.putDownload(state); store.refreshModelsSoon(); },
};

function everythingAgain() {
  store.refreshQueue();
  store.refreshModels();
  known();
  history.renew();
}

// A line that breaks for a moment is nobody's concern.
const lost = settled(() => { if (store.connection.value === 'breaking') store.connection.value = 'lost'; }, 700);

// The browser connects again by itself and names the last event it has seen; "reset" says that too much was missed.
export function listen() {
  const source = new EventSource(address(`/api/events?channels=${channels}`));
  source.onopen = () => {
    store.connection.value = 'open';
    // What happened since the first answers were made has no event here.
    if (wasOpen) everythingAgain();
    else {
      store.refreshQueueSoon();
      // The engine may have become ready in between, and with it each model.
      store.refreshModelsSoon();
    }
    wasOpen = true;
  };
  source.onerror = () => {
    if (store.connection.value !== 'lost') store.connection.value = 'breaking';
    lost();
    // A server that restarted refuses once: then the browser gives up and we do not.
    if (source.readyState === EventSource.CLOSED) setTimeout(listen, 1500);
  };
  source.addEventListener('reset', everythingAgain);
  for (const [type, handle] of Object.entries(handlers))
    source.addEventListener(type, event => {
      const message = JSON.parse(event.data);
      handle(message.data ?? message);
    });
}
