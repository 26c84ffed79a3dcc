import { html } from '../lib.js';
import { dismiss, notices, spoken } from '../core/notices.js';
import { t } from '../core/text.js';
import { Button } from './ui.js';

/** What is said at the edge of the page. */
export const Notices = () => html`<div id="notices">
  ${notices.value.map(notice => html`<div key=${notice.id} class=${notice.isError ? 'notice bad' : 'notice'} role=${notice.isError ? 'alert' : 'status'}>
    <span>${notice.text}</span>${notice.count > 1 && html`<b class="count">×${notice.count}</b>`}
    ${notice.action && html`<${Button} kind="plain" text=${notice.action.text} onClick=${() => { dismiss(notice.id); notice.action.run(); }} />`}
    <${Button} kind="plain" icon="close" label=${t('dismiss')} onClick=${() => dismiss(notice.id)} />
  </div>`)}
</div><p class="unseen" aria-live="polite">${spoken.value}</p>`;
