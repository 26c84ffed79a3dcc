// The right column: what runs and waits as ghosts, then every image, newest first.
import { html } from '../lib.js';
import { galleryHash, keyOf, query, search, selection, tileAt, total, remove, isLoaded, isFiltered } from '../core/history.js';
import { settled } from '../core/notices.js';
import { go, imageHash, jobHash, route } from '../core/route.js';
import { activeJobs, cancelJob, jobs, previews } from '../core/store.js';
import { address } from '../core/api.js';
import { number, t } from '../core/text.js';
import { Tiles } from './tiles.js';
import { Button, Icon, LinkButton } from './ui.js';
import { fileName } from './result.js';

function Ghost({ job }) {
  const isRunning = job.status === 'processing';
  const preview = previews.value.get(job.id);
  const name = job.prompt || t('upscaling');
  const isShown = route.value.name === 'job' && route.value.parts[0] === job.id;
  return html`<li class=${`ghost ${isRunning ? 'running' : ''}`}>
    <a href=${jobHash(job.id)} aria-current=${isShown ? 'true' : undefined} aria-label=${t(isRunning ? 'ghost.running' : 'ghost.waiting', { name, value: isRunning ? Math.round(job.progress * 100) : job.position ?? 1 })} title=${name}>
      ${preview && html`<img src=${preview} alt="" />`}
      <span class="ghost-text">${isRunning ? `${number(Math.round(job.progress * 100))} %` : html`<${Icon} name="clock" />${job.position ?? ''}`}</span>
      ${isRunning && html`<i class="bar" style=${{ width: `${job.progress * 100}%` }}></i>`}
    </a>
    ${job.n > 1 && html`<span class="badge">×${job.n}</span>`}
    <button type="button" class="pick" aria-label=${t('ghost.cancel', { name })} onClick=${() => cancelJob(job.id)}><${Icon} name="close" /></button>
  </li>`;
}

export function Ghosts() {
  const list = activeJobs.value;
  return list.length > 0 && html`<ul class="ghosts" aria-label=${t('history.ghosts')}>${list.slice(0, 12).map(job => html`<${Ghost} key=${job.id} job=${job} />`)}
    ${list.length > 12 && html`<li class="ghost more"><a href="#/queue">+${number(list.length - 12)}</a></li>`}</ul>`;
}

const searchSoon = settled(words => {
  search(words);
  if (route.value.name === 'gallery') go(galleryHash(), { replace: true });
}, 250);

export const SearchField = () => html`<label class="search"><${Icon} name="search" /><span class="unseen">${t('search')}</span>
  <input type="search" placeholder=${t('search')} value=${query.value} onInput=${event => searchSoon(event.target.value)} /></label>`;

/** What can be done with several images. */
export function SelectionBar() {
  const keys = [...selection.value];
  if (keys.length === 0) return null;
  const chosen = keys.map(key => key.split('/'));
  const tiles = () => {
    const found = [];
    for (let position = 0; position < total.value && found.length < keys.length; position++) {
      const tile = tileAt(position);
      if (tile && selection.value.has(keyOf(tile))) found.push(tile);
    }
    return found;
  };
  const download = () => {
    for (const [id, index] of chosen) {
      const image = jobs.value.get(id)?.images?.[Number(index)];
      const link = document.createElement('a');
      link.href = address(image ? image.url : `/api/generations/${id}/image`);
      link.download = image ? fileName(jobs.value.get(id), image) : `${id}.png`;
      link.click();
    }
  };
  // The newer one, before it the older one.
  const compare = () => {
    const [newer, older] = tiles();
    selection.value = new Set();
    go(`${imageHash(newer.entry.id, newer.index)}?compare=${older.entry.id}/${older.index + 1}`);
  };
  return html`<div class="selection-bar" role="toolbar" aria-label=${t('selection')}>
    <b>${t('selected', { count: keys.length })}</b>
    ${keys.length === 2 && html`<${Button} kind="small" icon="compare" text=${t('compare')} onClick=${compare} />`}
    <${Button} kind="small" icon="download" text=${t('download')} onClick=${download} />
    <${Button} kind="small danger" icon="trash" text=${t('delete')} onClick=${() => { remove(tiles()); }} />
    <${Button} kind="small quiet" icon="close" label=${t('selection.clear')} onClick=${() => { selection.value = new Set(); }} />
  </div>`;
}

export function HistoryColumn() {
  return html`<aside id="history" aria-label=${t('history')}>
    <div class="history-head"><h2>${t('history')}</h2><span class="soft small" role="status">${isLoaded.value ? t('images', { count: total.value }) : ''}</span><${LinkButton} kind="quiet small" icon="gallery" label=${t('history.large')} href=${galleryHash()} /></div>
    <${SearchField} />
    <${SelectionBar} />
    <${Tiles} smallest=${84} label=${t('history')} before=${html`<${Ghosts} />${isLoaded.value && total.value === 0 && html`<p class="soft small">${isFiltered.value ? t('search.none') : t('history.empty')}</p>`}`} />
  </aside>`;
}
