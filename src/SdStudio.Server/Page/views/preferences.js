import { html } from '../lib.js';
import { address, logout } from '../core/api.js';
import { setAlert, alerts } from '../core/alerts.js';
import { guarded } from '../core/notices.js';
import { config } from '../core/store.js';
import { chooseTheme, theme } from '../core/theme.js';
import { chooseLanguage, chosenLanguage, languages, t } from '../core/text.js';
import { About } from './logs.js';
import { Button, LinkButton } from './ui.js';

const Choice = ({ name, value, choices, onChoose }) => html`<fieldset class="field"><legend>${t(`settings.${name}`)}</legend><div class="segments">${choices.map(([choice, text]) =>
  html`<label key=${choice}><input type="radio" name=${name} value=${choice} checked=${value === choice} onChange=${() => onChoose(choice)} /><span>${text}</span></label>`)}</div></fieldset>`;

const Switch = ({ name }) => html`<label class="check switch"><input type="checkbox" role="switch" name=${name} checked=${alerts.value[name]} onChange=${event => setAlert(name, event.target.checked)} /><span>${t(`settings.${name}`)}</span></label>`;

const signOut = guarded(async () => {
  await logout();
  location.reload();
});

export const Preferences = () => html`<section id="preferences" class="page narrow" aria-label=${t('nav.settings')}><h2>${t('nav.settings')}</h2>
  <div class="panel"><h3>${t('settings.look')}</h3>
    <${Choice} name="theme" value=${theme.value} onChoose=${chooseTheme} choices=${[['', t('theme.system')], ['light', t('theme.light')], ['dark', t('theme.dark')]]} />
    <${Choice} name="language" value=${chosenLanguage.value} onChoose=${chooseLanguage} choices=${[['', t('language.browser')], ...Object.entries(languages)]} /></div>
  <div class="panel"><h3>${t('settings.alerts')}</h3><${Switch} name="sound" /><${Switch} name="notification" /></div>
  ${config.value?.authEnabled && html`<div class="panel"><h3>${t('settings.key')}</h3><p class="soft">${t('settings.key.about')}</p><div class="row"><${Button} text=${t('settings.key.forget')} onClick=${signOut} /></div></div>`}
  <div class="panel"><h3>${t('settings.server')}</h3><${About} /><div class="row"><${LinkButton} icon="logs" text=${t('nav.logs')} href="#/logs" /><${LinkButton} icon="help" text=${t('settings.api')} href=${address('/docs')} target="_blank" rel="noopener" /></div></div>
</section>`;
