import { html } from '../lib.js';
import { canGenerate, kindOf } from '../core/catalogue.js';
import { model, set } from '../core/draft.js';
import { pageOf, route } from '../core/route.js';
import { activeJobs, connection, models, paused, waitingCount } from '../core/store.js';
import { t } from '../core/text.js';
import { chooseTheme, isDark } from '../core/theme.js';
import { Button, Icon, LinkButton } from './ui.js';

const pages = [['create', '#/'], ['gallery', '#/gallery'], ['queue', '#/queue'], ['models', '#/models']];

function ModelPicker() {
  const all = models.value ?? [];
  const chosen = model.value;
  const kind = chosen ? kindOf(chosen) : 'missing';
  const ready = all.filter(canGenerate);
  const others = all.filter(other => !canGenerate(other));
  const option = other => html`<option key=${other.id} value=${other.id}>${other.name}</option>`;
  return html`<label class="model-picker" title=${t(`model.${kind}`)}>
    <span class=${`dot ${kind}`}></span><span class="unseen">${t('field.model')}</span>
    <select name="model" value=${chosen?.id ?? ''} disabled=${all.length === 0} onChange=${event => set({ model: event.target.value, width: '', height: '' })}>
      ${all.length === 0 && html`<option value="">${models.value === null ? t('loading') : t('models.none')}</option>`}
      ${ready.length > 0 && html`<optgroup label=${t('models.ready')}>${ready.map(option)}</optgroup>`}
      ${others.length > 0 && html`<optgroup label=${t('models.notReady')}>${others.map(option)}</optgroup>`}
    </select>
    <span class="model-state">${t(`model.${kind}`)}</span>
  </label>`;
}

function Connection() {
  const isLost = connection.value === 'lost';
  return html`<p id="connection" role="status" class=${isLost ? 'lost' : ''}>${isLost ? t('reconnecting') : ''}</p>`;
}

export function Header() {
  const current = pageOf(route.value);
  const count = Math.max(activeJobs.value.length, activeJobs.value.filter(job => job.status === 'processing').length + waitingCount.value);
  return html`<header>
    <a class="brand" href="#/" aria-label="SdStudio"><${Icon} name="brand" /><h1>SdStudio</h1></a>
    <nav aria-label=${t('nav')}>${pages.map(([name, hash]) => html`<a key=${name} href=${hash} aria-current=${current === name ? 'page' : undefined}>
      <${Icon} name=${name} /><span>${t(`nav.${name}`)}</span>
      ${name === 'queue' && count > 0 && html`<b class="count" id="queue-count" aria-label=${t('queue.active', { count })}>${count}</b>`}
      ${name === 'queue' && paused.value && html`<b class="count warn">${t('queue.pausedShort')}</b>`}
    </a>`)}</nav>
    <${ModelPicker} />
    <${Connection} />
    <div class="tools">
      <${Button} kind="quiet" icon=${isDark.value ? 'sun' : 'moon'} label=${isDark.value ? t('theme.toLight') : t('theme.toDark')} onClick=${() => chooseTheme(isDark.value ? 'light' : 'dark')} />
      <${LinkButton} kind="quiet" icon="help" label=${t('nav.help')} href="#/help" aria-current=${current === 'help' ? 'page' : undefined} />
      <${LinkButton} kind="quiet" icon="settings" label=${t('nav.settings')} href="#/settings" aria-current=${current === 'settings' ? 'page' : undefined} />
    </div>
  </header>`;
}
