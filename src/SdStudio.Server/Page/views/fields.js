// A field of the form for each row of the server's table.
import { html } from '../lib.js';
import { draft, hasInput, model, problems, set } from '../core/draft.js';
import { choicesOf, isTaken, labelOf, parameters, rangeText, usualOf } from '../core/parameters.js';
import { t } from '../core/text.js';
import { Field, Help } from './ui.js';

/** @typedef {import('../core/parameters.js').Parameter} Parameter */

function TypedField({ parameter }) {
  const { name, kind, min, max } = parameter;
  const usual = usualOf(parameter, model.value);
  const isNumber = kind === 'whole' || kind === 'number';
  const more = isNumber ? { type: 'number', inputmode: 'decimal', min, max, step: kind === 'whole' ? 1 : 'any' } : { type: 'text', spellcheck: false };
  return html`<${Field} name=${name} problem=${problems.value[name]} range=${rangeText(parameter)} wide=${!isNumber}>${attributes => html`
    <input ...${more} placeholder=${usual ?? (parameter.row.model_default ? t('usual') : '')} value=${draft.value[name] ?? ''} onInput=${event => set({ [name]: event.target.value })} ...${attributes} />`}<//>`;
}

function ChoiceField({ parameter }) {
  const { name } = parameter;
  const usual = usualOf(parameter, model.value);
  const choices = choicesOf(parameter);
  return html`<${Field} name=${name} problem=${problems.value[name]}>${attributes => html`
    <select value=${draft.value[name] ?? ''} onChange=${event => set({ [name]: event.target.value })} ...${attributes}>
      <option value="">${!parameter.row.model_default ? choices.find(({ value }) => value === usual)?.text ?? t('automatic') : usual ? t('usual.named', { name: usual }) : t('usual')}</option>
      ${choices.filter(({ value }) => parameter.row.model_default || value !== usual).map(({ value, text }) => html`<option key=${value} value=${value}>${text}</option>`)}
    </select>`}<//>`;
}

function FlagField({ parameter }) {
  const { name, row } = parameter;
  return html`<div class="field wide"><div class="field-head"><label class="check"><input type="checkbox" name=${name} checked=${draft.value[name] ?? row.default ?? false} onChange=${event => set({ [name]: event.target.checked })} />
    <span>${labelOf(name)}</span></label><${Help} name=${name} /></div></div>`;
}

/** @param {Parameter} parameter */
export const fieldOf = parameter => html`<${{ choice: ChoiceField, flag: FlagField }[parameter.kind] ?? TypedField} key=${parameter.name} parameter=${parameter} />`;

/** The fields of a part of the form that the model takes. @param {Parameter['group']} group */
export const shown = group => parameters.value.filter(parameter => parameter.group === group && isTaken(parameter, model.value, hasInput.value));
