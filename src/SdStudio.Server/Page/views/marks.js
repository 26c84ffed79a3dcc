// What people say of images: stars, a rating, tags, a board.
import { html, useEffect } from '../lib.js';
import { post } from '../core/api.js';
import { change } from '../core/history.js';
import { boardName, boards, listedOf, refreshBoards } from '../core/listed.js';
import { guarded } from '../core/notices.js';
import { t } from '../core/text.js';
import { Icon } from './ui.js';

/** Puts images on a board, which is made where there is none of that name; an empty name takes them off. */
const toBoard = guarded(async (ids, name) => {
  if (name && !boards.value.some(board => board.name === name)) await post('/api/boards', { name });
  await change(ids, { board: name || null });
  await refreshBoards();
});

/** A board by its name, chosen or new. @param {{ids: string[], value?: string}} properties */
export function BoardField({ ids, value = '' }) {
  useEffect(() => { refreshBoards(); }, []);
  return html`<label class="inline board-field"><${Icon} name="board" /><span class="unseen">${t('board')}</span>
    <input list="boards" value=${value} placeholder=${t('board.none')} spellcheck="false" maxlength="100" onChange=${event => toBoard(ids, event.target.value.trim())} />
    <datalist id="boards">${boards.value.map(board => html`<option key=${board.id} value=${board.name}></option>`)}</datalist></label>`;
}

export function Marks({ image }) {
  const listed = listedOf(image);
  if (!listed) return null;
  const { id, rating, tags, board } = listed;
  const tag = event => change([id], { tags: event.target.value.split(',').map(text => text.trim()).filter(Boolean) });
  return html`<div class="marks">
    <div class="rating" role="group" aria-label=${t('rating')}>${[1, 2, 3, 4, 5].map(value => html`<button type="button" key=${value} class=${value <= rating ? 'full' : ''} aria-pressed=${value === rating} aria-label=${t('rating.of', { value })}
      onClick=${() => change([id], { rating: value === rating ? 0 : value })}><${Icon} name="star" /></button>`)}</div>
    <${BoardField} ids=${[id]} value=${boardName(board)} key=${`${id} ${board}`} />
    <label class="inline tags-field"><${Icon} name="tag" /><span class="unseen">${t('tags')}</span><input value=${tags.join(', ')} placeholder=${t('tags.none')} spellcheck="false" onChange=${tag} /></label>
  </div>`;
}
