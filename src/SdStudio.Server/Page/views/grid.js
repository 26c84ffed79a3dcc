import { html } from '../lib.js';
import { isSending } from '../core/draft.js';
import { axisNames, axisOf, cellCount, fields, generateGrid, gridObstacle, setAxis } from '../core/grid.js';
import { t } from '../core/text.js';
import { Button } from './ui.js';

/** What changes from image to image, and the button that generates them all. */
export function Grid() {
  return html`<div class="wide grid-form">
    <p class="soft small">${t('grid.about')}</p>
    ${axisNames.map(name => {
      const { field, values } = axisOf(name);
      return html`<div class="row tight" key=${name}>
        <select class="grow" name=${`grid_${name}`} aria-label=${t('grid.axis', { name: name.toUpperCase() })} value=${field} onChange=${event => setAxis(name, { field: event.target.value })}>
          <option value="">${t('grid.none', { name: name.toUpperCase() })}</option>${fields.value.map(one => html`<option key=${one.value} value=${one.value}>${one.text}</option>`)}</select>
        <input class="grow" name=${`grid_${name}_values`} value=${values} spellcheck="false" disabled=${!field} aria-label=${t('grid.values', { name: name.toUpperCase() })}
          placeholder=${t(field === 'prompt_replace' ? 'grid.values.replace' : 'grid.values.hint')} onInput=${event => setAxis(name, { values: event.target.value })} /></div>`;
    })}
    ${cellCount.value > 0 && gridObstacle.value && html`<p class="soft small">${gridObstacle.value}</p>`}
    <${Button} icon="create" text=${t('grid.generate', { count: cellCount.value })} disabled=${cellCount.value === 0 || Boolean(gridObstacle.value) || isSending.value} onClick=${generateGrid} />
  </div>`;
}
