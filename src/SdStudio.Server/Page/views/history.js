// The right column: what runs and waits as ghosts, then every image, newest first.
import { html } from '../lib.js';
import { change, filter, galleryHash, query, search, selection, total, remove, isLoaded, isFiltered } from '../core/history.js';
import { guarded, settled } from '../core/notices.js';
import { go, imageHash, jobHash, route } from '../core/route.js';
import { activeJobs, cancelJob, previews } from '../core/store.js';
import { address, getBlob } from '../core/api.js';
import { number, t } from '../core/text.js';
import { BoardField } from './marks.js';
import { Tiles } from './tiles.js';
import { Button, Icon, LinkButton } from './ui.js';

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
  const { q: _, ...others } = filter.value;
  search(words.trim() ? { ...others, q: words.trim() } : others);
  if (route.value.name === 'gallery') go(galleryHash(), { replace: true });
}, 250);

export const SearchField = () => html`<label class="search"><${Icon} name="search" /><span class="unseen">${t('search')}</span>
  <input type="search" placeholder=${t('search')} value=${query.value} onInput=${event => searchSoon(event.target.value)} /></label>`;

const downloadZip = guarded(async ids => {
  const url = URL.createObjectURL(await getBlob('/api/images/zip', { ids }));
  const link = document.createElement('a');
  link.href = url;
  link.download = 'images.zip';
  link.click();
  // The browser has it by then.
  setTimeout(() => URL.revokeObjectURL(url), 60_000);
});

/** What can be done with several images. */
export function SelectionBar() {
  const images = [...selection.value.values()];
  if (images.length === 0) return null;
  const ids = images.map(image => image.id);
  const clear = () => { selection.value = new Map(); };
  const areStarred = images.every(image => image.starred);
  // The newer one, before it the older one.
  const compare = () => {
    const [older, newer] = images.toSorted((a, b) => a.number - b.number);
    clear();
    go(`${imageHash(newer.generation_id, newer.index_in_batch)}?compare=${older.generation_id}/${older.index_in_batch + 1}`);
  };
  return html`<div class="selection-bar" role="toolbar" aria-label=${t('selection')}>
    <b>${t('selected', { count: ids.length })}</b>
    ${ids.length === 2 && html`<${Button} kind="small" icon="compare" text=${t('compare')} onClick=${compare} />`}
    <${Button} kind="small" icon="star" label=${t('star')} pressed=${areStarred} onClick=${() => change(ids, { starred: !areStarred })} />
    <${BoardField} ids=${ids} />
    ${ids.length === 1
      ? html`<${LinkButton} kind="small" icon="download" text=${t('download')} href=${address(`${images[0].url}?download=true`)} download="" />`
      : html`<${Button} kind="small" icon="download" text=${t('download.zip')} onClick=${() => downloadZip(ids)} />`}
    <${Button} kind="small danger" icon="trash" text=${t('delete')} onClick=${() => remove(images)} />
    <${Button} kind="small quiet" icon="close" label=${t('selection.clear')} onClick=${clear} />
  </div>`;
}

export function HistoryColumn() {
  // The gallery's filters hold here too, where nothing else tells of them.
  const isNarrowed = Object.keys(filter.value).some(name => name !== 'q');
  return html`<aside id="history" aria-label=${t('history')}>
    <div class="history-head"><h2>${t('history')}</h2><span class="soft small" role="status">${isLoaded.value ? t('images', { count: total.value }) : ''}</span><${LinkButton} kind="quiet small" icon="gallery" label=${t('history.large')} href=${galleryHash()} /></div>
    <${SearchField} />
    <${SelectionBar} />
    <${Tiles} smallest=${84} label=${t('history')} before=${html`<${Ghosts} />${isNarrowed && html`<p class="row"><${Button} kind="small" icon="sliders" text=${t('search.all')} onClick=${() => search({})} /></p>`}${isLoaded.value && total.value === 0 && html`<p class="soft small">${isFiltered.value ? t('search.none') : t('history.empty')}</p>`}`} />
  </aside>`;
}
