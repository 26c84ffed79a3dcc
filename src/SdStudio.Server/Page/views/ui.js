// Small parts that every view is made of.
import { html, useEffect, useRef, useSignal } from '../lib.js';
import { helpOf, labelOf } from '../core/parameters.js';
import { t } from '../core/text.js';

export const Icon = ({ name }) => html`<svg class="icon" aria-hidden="true"><use href=${`#i-${name}`} /></svg>`;

/** A button; without a text its label is its name. */
export function Button({ icon = '', label = '', text = '', kind = '', pressed = undefined, children = undefined, ...more }) {
  return html`<button type="button" class=${`button ${kind} ${text || children ? '' : 'square'}`} aria-label=${label || undefined} title=${label || undefined} aria-pressed=${pressed} ...${more}>
    ${icon && html`<${Icon} name=${icon} />`}${text && html`<span>${text}</span>`}${children}
  </button>`;
}

/** A link that looks like a button. */
export const LinkButton = ({ icon = '', label = '', text = '', kind = '', ...more }) => html`<a class=${`button ${kind} ${text ? '' : 'square'}`} aria-label=${label || undefined} title=${label || undefined} ...${more}>
  ${icon && html`<${Icon} name=${icon} />`}${text && html`<span>${text}</span>`}</a>`;

/** One sentence on a field, its range and when to change it, behind a question mark. */
export function Help({ name, range = '' }) {
  const isOpen = useSignal(false);
  const text = helpOf(name);
  if (!text) return null;
  return html`<button type="button" class="help" aria-expanded=${isOpen.value} aria-label=${t('help.about', { field: labelOf(name) })} onClick=${() => { isOpen.value = !isOpen.value; }}>?</button>
    ${isOpen.value && html`<span class="help-text">${text}${range && ` ${range}`}</span>`}`;
}

/** A label, its field, its help and what is wrong with it. The field is what `children` makes of the attributes. */
export function Field({ name, problem = '', label = labelOf(name), range = '', wide = false, children }) {
  const id = `f-${name}`;
  return html`<div class=${`field ${wide ? 'wide' : ''} ${problem ? 'bad' : ''}`}>
    <div class="field-head"><label for=${id}>${label}</label><${Help} name=${name} range=${range} /></div>
    ${children({ id, name, 'aria-invalid': problem ? 'true' : undefined, 'aria-describedby': problem ? `${id}-problem` : undefined })}
    ${problem && html`<p class="problem" id=${`${id}-problem`}>${problem}</p>`}
  </div>`;
}

/** A button with choices above or below it.
 * @param {{icon?: string, text: string, kind?: string, label?: string, choices: {text: string, about?: string, run: () => void}[]}} more */
export function Menu({ icon = '', text, choices, kind = '', label = '' }) {
  const isOpen = useSignal(false);
  const place = useSignal(null);
  const wrapper = useRef(null);
  const open = () => {
    const box = wrapper.current.getBoundingClientRect();
    const isLow = box.top > innerHeight / 2;
    const isFar = box.left > innerWidth / 2;
    place.value = { [isLow ? 'bottom' : 'top']: `${isLow ? innerHeight - box.top + 4 : box.bottom + 4}px`, [isFar ? 'right' : 'left']: `${isFar ? innerWidth - box.right : box.left}px` };
    isOpen.value = true;
  };
  useEffect(() => {
    if (!isOpen.value) return undefined;
    wrapper.current.querySelector('[role=menuitem]').focus();
    const close = event => { if (!wrapper.current?.contains(event.target)) isOpen.value = false; };
    addEventListener('pointerdown', close, true);
    return () => removeEventListener('pointerdown', close, true);
  }, [isOpen.value]);
  const close = () => {
    isOpen.value = false;
    wrapper.current?.querySelector('button').focus();
  };
  const keys = event => {
    if (event.key === 'Escape' && isOpen.value) {
      event.stopPropagation();
      close();
    }
    const step = { ArrowDown: 1, ArrowUp: -1 }[event.key];
    if (!step || !isOpen.value) return;
    event.preventDefault();
    event.stopPropagation();
    const items = [...wrapper.current.querySelectorAll('[role=menuitem]')];
    items[(items.indexOf(document.activeElement) + step + items.length) % items.length].focus();
  };
  return html`<span class="menu" ref=${wrapper} onKeyDown=${keys}>
    <${Button} icon=${icon} text=${text} label=${label} kind=${kind} aria-haspopup="menu" aria-expanded=${isOpen.value} onClick=${() => isOpen.value ? close() : open()} />
    ${isOpen.value && html`<span class="menu-list" role="menu" style=${place.value}>
      ${choices.map(choice => html`<button type="button" role="menuitem" key=${choice.text} onClick=${() => { close(); choice.run(); }}>
        <b>${choice.text}</b>${choice.about && html`<small>${choice.about}</small>`}</button>`)}
    </span>`}
  </span>`;
}

/** Something that says what is not there, and what to do about it. */
export const Empty = ({ icon, title, children = undefined }) => html`<div class="empty">${icon && html`<${Icon} name=${icon} />`}<h2>${title}</h2>${children}</div>`;

export const Progress = ({ value, label }) => html`<progress max="1" value=${value === null ? undefined : value} aria-label=${label}></progress>`;
