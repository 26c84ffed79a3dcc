import { api, get, key, listen, on, setKey } from './api.js';
import { toast } from './dom.js';
import { catalogue, refresh } from './catalogue.js';
import * as create from './create.js';
import * as gallery from './gallery.js';
import * as logs from './logs.js';
import * as models from './models.js';
import * as queue from './queue.js';

const parts = { create, queue, gallery, models, logs };
const started = new Map();
let isReady = false;
const connection = document.getElementById('connection');

// "#logs/JOB" is the part and what of it.
async function show() {
  if (!isReady) return;
  const [name, what] = location.hash.slice(1).split('/');
  const part = parts[name] ? name : 'create';
  for (const section of document.querySelectorAll('main > section')) section.hidden = section.id !== part;
  for (const link of document.querySelectorAll('nav a')) {
    if (link.hash === `#${part}`) link.setAttribute('aria-current', 'page');
    else link.removeAttribute('aria-current');
  }
  try {
    if (!started.has(part)) started.set(part, parts[part].start(document.getElementById(part)));
    await started.get(part);
    parts[part].shown?.(what);
  } catch (error) {
    toast(error.message, { isError: true });
  }
}

function askForKey() {
  const dialog = document.getElementById('key');
  if (dialog.open) return;
  document.getElementById('key-problem').hidden = !key();
  dialog.querySelector('form').onsubmit = event => {
    setKey(event.target.elements.key.value.trim());
    location.reload();
  };
  dialog.oncancel = event => event.preventDefault();
  dialog.showModal();
}

document.addEventListener('key-needed', askForKey);
window.addEventListener('hashchange', show);
document.querySelector('.skip').addEventListener('click', event => {
  event.preventDefault();
  document.getElementById('main').focus();
});

const root = document.documentElement;
root.dataset.theme = localStorage.getItem('sdstudio.theme') ?? '';
document.getElementById('theme').addEventListener('click', () => {
  const isDark = getComputedStyle(root).colorScheme === 'dark' || (root.dataset.theme === '' && matchMedia('(prefers-color-scheme: dark)').matches);
  root.dataset.theme = isDark ? 'light' : 'dark';
  localStorage.setItem('sdstudio.theme', root.dataset.theme);
});

on('disconnected', () => { connection.textContent = 'No connection; trying again'; });
on('connected', () => { connection.textContent = ''; });

async function begin() {
  catalogue.config = await api('GET', '/api/config');
  if (catalogue.config.authEnabled && !catalogue.config.keyValid) {
    askForKey();
    return;
  }
  listen();
  await refresh();
  isReady = true;
  await show();
  queue.count(await get('/api/queue/stats'));
}
begin().catch(error => toast(error.message, { isError: true }));
