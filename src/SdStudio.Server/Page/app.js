import { api, get, key, listen, on, setKey } from './api.js';
import { toast } from './dom.js';
import * as create from './create.js';
import * as gallery from './gallery.js';
import * as logs from './logs.js';
import * as models from './models.js';
import * as queue from './queue.js';

const parts = { create, queue, gallery, models, logs };
const started = new Set();

function show() {
  const name = parts[location.hash.slice(1)] ? location.hash.slice(1) : 'create';
  for (const section of document.querySelectorAll('main > section')) section.hidden = section.id !== name;
  for (const link of document.querySelectorAll('nav a')) {
    if (link.hash === `#${name}`) link.setAttribute('aria-current', 'page');
    else link.removeAttribute('aria-current');
  }
  if (!started.has(name)) {
    started.add(name);
    Promise.resolve(parts[name].start(document.getElementById(name))).catch(error => toast(error.message));
  }
  parts[name].shown?.();
}

function askForKey() {
  const dialog = document.getElementById('key');
  if (dialog.open) return;
  dialog.querySelector('form').onsubmit = event => {
    setKey(event.target.elements.key.value);
    location.reload();
  };
  dialog.showModal();
}

document.addEventListener('key-needed', askForKey);
window.addEventListener('hashchange', show);
on('disconnected', () => { document.getElementById('connection').textContent = 'No connection; trying again'; });
on('connected', () => { document.getElementById('connection').textContent = ''; });

const config = await api('GET', '/api/config');
if (config.authEnabled && !config.keyValid) {
  if (key()) toast('The key is wrong');
  askForKey();
} else {
  listen();
  show();
  queue.count(await get('/api/queue/stats'));
}
