// What people say of images: stars, a rating, tags, a board.
import { html, useEffect, useSignal } from '../lib.js';
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

/** A text that is kept while it is typed, whatever changes around it, and told when it is done. */
function Typed({ value, onDone, ...more }) {
  const typed = useSignal(value);
  useEffect(() => { typed.value = value; }, [value]);
  return html`<input ...${more} value=${typed.value} spellcheck="false" onInput=${event => { typed.value = event.target.value; }} onChange=${() => onDone(typed.value)} />`;
}

/** A board by its name, chosen or new. @param {{ids: string[], value?: string}} properties */
export function BoardField({ ids, value = '' }) {
  useEffect(() => { refreshBoards(); }, []);
  return html`<label class="inline board-field"><${Icon} name="board" /><span class="unseen">${t('board')}</span>
    <${Typed} list="boards" value=${value} placeholder=${t('board.none')} maxlength="100" onDone=${text => toBoard(ids, text.trim())} />
    <datalist id="boards">${boards.value.map(board => html`<option key=${board.id} value=${board.name}></option>`)}</datalist></label>`;
}

export function Marks({ image }) {
  const listed = listedOf(image);
  if (!listed) return null;
  const { id, rating, tags, board } = listed;
  const tag = text => change([id], { tags: text.split(',').map(one => one.trim()).filter(Boolean) });
  return html`<div class="marks">
    <div class="rating" role="group" aria-label=${t('rating')}>${[1, 2, 3, 4, 5].map(value => html`<button type="button" key=${value} class=${value <= rating ? 'full' : ''} aria-pressed=${value === rating} aria-label=${t('rating.of', { value })}
      onClick=${() => change([id], { rating: value === rating ? 0 : value })}><${Icon} name="star" /></button>`)}</div>
    <${BoardField} ids=${[id]} value=${boardName(board)} key=${`${id} ${board}`} />
    <label class="inline tags-field"><${Icon} name="tag" /><span class="unseen">${t('tags')}</span><${Typed} value=${tags.join(', ')} placeholder=${t('tags.none')} onDone=${tag} /></label>
  </div>`;
}
