// The page: one store, one view of it.
import { html, render, useEffect } from './lib.js';
import * as alerts from './core/alerts.js';
import { api, get, login, loginWithFormerKey } from './core/api.js';
import { generate } from './core/draft.js';
import { listen } from './core/events.js';
import { filterOf, search } from './core/history.js';
import { restoreKept } from './core/input.js';
import * as keys from './core/keys.js';
import { complain, config, refreshHealth, refreshLoras, refreshModels, refreshQueue } from './core/store.js';
import { pageOf, route } from './core/route.js';
import { loadLanguage, t } from './core/text.js';
import './core/theme.js';
import { Create } from './views/create.js';
import { Drop } from './views/drop.js';
import { Gallery } from './views/gallery.js';
import { Header } from './views/header.js';
import { Help } from './views/help.js';
import { Logs } from './views/logs.js';
import { Models } from './views/models.js';
import { Notices } from './views/notices.js';
import { Preferences } from './views/preferences.js';
import { Queue } from './views/queue.js';

const views = { create: Create, gallery: Gallery, queue: Queue, models: Models, logs: Logs, settings: Preferences, help: Help };

function App() {
  const page = pageOf(route.value);
  // Those who listen are told where they are.
  useEffect(() => { document.getElementById('main').setAttribute('aria-label', t(`nav.${page}`)); }, [page]);
  const skip = event => {
    event.preventDefault();
    document.getElementById('main').focus();
  };
  return html`<a class="skip" href="#main" onClick=${skip}>${t('skip')}</a>
    <${Header} />
    <main id="main" tabindex="-1" class=${`view-${page}`}><${views[page]} /></main>
    <${Drop} /><${Notices} />`;
}

function askForKey() {
  const dialog = /** @type {HTMLDialogElement} */ (document.getElementById('key'));
  if (dialog.open) return;
  const show = problem => render(html`<form onSubmit=${signIn}>
    <h2 id="key-title">${t('key.title')}</h2>${problem && html`<p class="problem" role="alert">${problem}</p>`}
    <div class="field"><label for="api-key">${t('key.label')}</label><input id="api-key" name="key" type="password" autocomplete="current-password" required /></div>
    <button class="button main">${t('key.use')}</button></form>`, dialog);
  const signIn = async event => {
    event.preventDefault();
    try {
      await login(event.target.elements.key.value.trim());
      location.reload();
    } catch (caught) {
      const error = /** @type {import('./core/api.js').ApiError} */ (caught);
      show(error.status === 401 ? t('key.wrong') : error.message);
    }
  };
  show('');
  dialog.oncancel = event => event.preventDefault();
  dialog.showModal();
}

async function begin() {
  await loadLanguage();
  api.unreachable = () => t('unreachable');
  document.addEventListener('key-needed', askForKey);
  render(html`<${App} />`, document.getElementById('app'));
  document.getElementById('boot')?.remove();
  sessionStorage.removeItem('boot-tries');
  keys.listen(generate);
  alerts.begin();
  config.value = await get('/api/config');
  if (config.value.authEnabled && !config.value.keyValid && !await loginWithFormerKey()) {
    askForKey();
    return;
  }
  listen();
  const { params, name } = route.value;
  await Promise.all([refreshModels(), refreshQueue(), refreshLoras(), refreshHealth(), search(name === 'gallery' ? filterOf(params) : {}), restoreKept()]);
}
begin().catch(error => {
  // Nothing is there yet that could say it: boot.js loads the page again.
  if (document.getElementById('boot')) throw error;
  complain(error);
});
