import { html } from '../lib.js';
import { address } from '../core/api.js';
import { t } from '../core/text.js';
import { LinkButton } from './ui.js';

/** Every key of the page; the test of keys reads this list. */
export const keys = [
  ['Enter', 'keys.generate'], ['Ctrl+Enter', 'keys.generateAnywhere'], ['Ctrl+↑ / Ctrl+↓', 'keys.weight'], ['/', 'keys.prompt'], ['← / →', 'keys.turn'], ['0', 'keys.fit'], ['1', 'keys.actual'],
  ['+ / −', 'keys.zoom'], ['E', 'keys.edit'], ['U', 'keys.upscale'], ['C', 'keys.compare'], ['S', 'keys.star'], ['D', 'keys.download'], ['Delete', 'keys.delete'], ['G', 'keys.gallery'], ['Q', 'keys.queue'], ['?', 'keys.help'], ['Esc', 'keys.close'],
];
export const maskKeys = [['[ / ]', 'keys.brush'], ['X', 'keys.erase'], ['I', 'keys.invert'], ['Ctrl+Z', 'keys.undo'], ['Ctrl+Shift+Z', 'keys.redo']];

const List = ({ list }) => html`<dl class="keys">${list.map(([name, text]) => html`<div key=${text}><dt><kbd>${name}</kbd></dt><dd>${t(text)}</dd></div>`)}</dl>`;

export const Help = () => html`<section id="help" class="page narrow" aria-label=${t('nav.help')}><h2>${t('help.title')}</h2>
  <div class="panel"><h3>${t('help.keys')}</h3><${List} list=${keys} /></div>
  <div class="panel"><h3>${t('help.maskKeys')}</h3><${List} list=${[...maskKeys, [t('keys.arrows'), 'keys.paint']]} /></div>
  <div class="panel"><h3>${t('help.drop')}</h3><p>${t('help.drop.about')}</p></div>
  <div class="row"><${LinkButton} icon="help" text=${t('settings.api')} href=${address('/docs')} target="_blank" rel="noopener" /></div>
</section>`;
