import { html, useEffect } from '../lib.js';
import { galleryHash, isFiltered, isLoaded, modelFilter, query, search, total } from '../core/history.js';
import { go, route } from '../core/route.js';
import { models } from '../core/store.js';
import { t } from '../core/text.js';
import { Ghosts, SearchField, SelectionBar } from './history.js';
import { Tiles } from './tiles.js';
import { Button, Empty, LinkButton } from './ui.js';

/** The history, large; its search is in the address. */
export function Gallery() {
  const words = route.value.params.get('q') ?? '';
  const model = route.value.params.get('model') ?? '';
  useEffect(() => { if (words !== query.value.trim() || model !== modelFilter.value) search(words, model); }, [words, model]);
  const isEmpty = isLoaded.value && total.value === 0;
  return html`<section id="gallery" class="page wide" aria-label=${t('nav.gallery')}>
    <div class="bar"><h2 class="unseen">${t('nav.gallery')}</h2><${SearchField} />
      <select aria-label=${t('gallery.model')} value=${model} onChange=${event => go(galleryHash(query.value, event.target.value), { replace: true })}>
        <option value="">${t('gallery.allModels')}</option>${(models.value ?? []).map(known => html`<option key=${known.id} value=${known.id}>${known.name}</option>`)}</select>
      <span class="soft" role="status">${isLoaded.value ? t('images', { count: total.value }) : t('loading')}</span><${SelectionBar} /></div>
    ${isEmpty && (isFiltered.value
      ? html`<${Empty} icon="search" title=${t('search.none')}><p class="soft">${t('search.none.about')}</p><${Button} text=${t('search.all')} onClick=${() => go('#/gallery', { replace: true })} /><//>`
      : html`<${Empty} icon="image" title=${t('gallery.empty')}><p class="soft">${t('gallery.empty.about')}</p><${LinkButton} kind="main" text=${t('gallery.first')} href="#/" /><//>`)}
    <${Tiles} smallest=${168} label=${t('nav.gallery')} before=${html`<${Ghosts} />`} />
  </section>`;
}
