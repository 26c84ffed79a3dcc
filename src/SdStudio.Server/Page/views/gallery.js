import { html, useEffect, useSignal } from '../lib.js';
import { filter, filterOf, galleryHash, isFiltered, isLoaded, isSameFilter, search, total } from '../core/history.js';
import { boards, refreshBoards, refreshTags, tags } from '../core/listed.js';
import { go, route } from '../core/route.js';
import { models } from '../core/store.js';
import { t } from '../core/text.js';
import { Ghosts, SearchField, SelectionBar } from './history.js';
import { Tiles } from './tiles.js';
import { Button, Empty, LinkButton } from './ui.js';

const types = ['generate', 'edit', 'variation', 'upscale', 'video', 'import'];
// What nobody has used is no choice; what the address names is one, however rare.
const tagChoices = () => [...new Set([...tags.value.map(({ tag }) => tag), ...filter.value.tag ? [filter.value.tag] : []])].map(tag => [tag, tag]);

function FilterField({ name, choices }) {
  return html`<select name=${`filter_${name}`} aria-label=${t(`filter.${name}`)} value=${filter.value[name] ?? ''} onChange=${event => go(galleryHash({ [name]: event.target.value }), { replace: true })}>
    <option value="">${t(`filter.${name}.all`)}</option>${choices.map(([value, text]) => html`<option key=${value} value=${value}>${text}</option>`)}</select>`;
}

/** The history, large; its search and its filters are in the address. */
export function Gallery() {
  const { params } = route.value;
  useEffect(() => {
    const wanted = filterOf(params);
    if (!isSameFilter(wanted, filter.value)) search(wanted);
  }, [params.toString()]);
  useEffect(() => { refreshBoards(); refreshTags(); }, []);
  const isEmpty = isLoaded.value && total.value === 0;
  const isOpen = useSignal(false);
  const count = Object.keys(filter.value).filter(name => name !== 'q').length;
  const isStarred = filter.value.starred === 'true';
  return html`<section id="gallery" class="page wide" aria-label=${t('nav.gallery')}>
    <div class="bar"><h2 class="unseen">${t('nav.gallery')}</h2><${SearchField} />
      <${Button} icon="sliders" kind="filters-button" label=${t('filter')} aria-expanded=${isOpen.value} onClick=${() => { isOpen.value = !isOpen.value; }}>${count > 0 && html`<b class="count">${count}</b>`}<//>
      <div class=${isOpen.value ? 'filters open' : 'filters'}><${Button} icon="star" label=${t('filter.starred')} pressed=${isStarred} onClick=${() => go(galleryHash({ starred: isStarred ? '' : 'true' }), { replace: true })} />
      <${FilterField} name="rating" choices=${[5, 4, 3, 2, 1].map(value => [`${value}`, t('filter.rating.least', { stars: '★'.repeat(value) })])} />
      <${FilterField} name="board" choices=${[['none', t('board.none')], ...boards.value.map(board => [board.id, `${board.name} (${board.images})`])]} />
      ${tagChoices().length > 0 && html`<${FilterField} name="tag" choices=${tagChoices()} />`}
      <${FilterField} name="model" choices=${(models.value ?? []).map(known => [known.id, known.name])} />
      <${FilterField} name="type" choices=${types.map(type => [type, t(`filter.type.${type}`)])} />
      <${FilterField} name="sort" choices=${['oldest', 'rating'].map(sort => [sort, t(`filter.sort.${sort}`)])} /></div>
      <span class="soft" role="status">${isLoaded.value ? t('images', { count: total.value }) : t('loading')}</span><${SelectionBar} /></div>
    ${isEmpty && (isFiltered.value
      ? html`<${Empty} icon="search" title=${t('search.none')}><p class="soft">${t(Object.keys(filter.value).some(name => name !== 'q' && name !== 'sort') ? 'search.none.filters' : 'search.none.about')}</p><${Button} text=${t('search.all')} onClick=${() => go('#/gallery', { replace: true })} /><//>`
      : html`<${Empty} icon="image" title=${t('gallery.empty')}><p class="soft">${t('gallery.empty.about')}</p><${LinkButton} kind="main" text=${t('gallery.first')} href="#/" /><//>`)}
    <${Tiles} smallest=${168} label=${t('nav.gallery')} before=${html`<${Ghosts} />`} />
  </section>`;
}
