// Elements out of plain values; texts are always texts, never markup.
export function el(name, attributes = {}, ...children) {
  const element = document.createElement(name);
  for (const [key, value] of Object.entries(attributes)) {
    if (key.startsWith('on')) element.addEventListener(key.slice(2), value);
    else if (value === true) element.setAttribute(key, '');
    else if (value !== false && value !== null && value !== undefined) element.setAttribute(key, value);
  }
  return put(element, children);
}

// The children of an element; what is not there for now is left out.
const isThere = child => child !== null && child !== undefined && child !== false;
export function put(element, ...children) {
  element.replaceChildren(...children.flat(Infinity).filter(isThere));
  return element;
}

export function icon(name) {
  const [svg, use] = ['svg', 'use'].map(part => document.createElementNS('http://www.w3.org/2000/svg', part));
  svg.setAttribute('class', 'icon');
  svg.setAttribute('aria-hidden', 'true');
  use.setAttribute('href', `#i-${name}`);
  svg.append(use);
  return svg;
}

// Without a text it is an icon: then "label" is its name.
export const button = (text, onclick, { icon: shown, label, ...attributes } = {}) =>
  el('button', { type: 'button', onclick, ...(label ? { 'aria-label': label, title: label } : {}), ...attributes }, shown && icon(shown), text);

export function toast(text, { action, isError = false } = {}) {
  const box = document.getElementById('toast');
  // What lies outside an open dialog is out of reach.
  (document.querySelector('dialog[open]') ?? document.body).append(box);
  const line = el('div', { class: isError ? 'bad' : null, role: isError ? 'alert' : null }, el('span', {}, text), action && button(action.text, () => { line.remove(); action.run(); }));
  box.append(line);
  while (box.children.length > 4) box.firstChild.remove();
  setTimeout(() => line.remove(), isError ? 12000 : action ? 6000 : 4000);
  return line;
}
for (const dialog of document.querySelectorAll('dialog')) dialog.addEventListener('close', () => document.body.append(document.getElementById('toast')));

// For those who listen: what is seen anyway.
export const say = text => { document.getElementById('spoken').textContent = text; };

// What goes wrong is said, whoever asked for it.
export const guarded = work => async (...parameters) => {
  try {
    return await work(...parameters);
  } catch (error) {
    toast(error.message, { isError: true });
  }
};

// Many events in a moment are one look.
export function soon(work, milliseconds = 150) {
  let timer;
  return () => { timer ??= setTimeout(() => { timer = undefined; work(); }, milliseconds); };
}

export const mib = bytes => bytes >= 1 << 30 ? `${(bytes / (1 << 30)).toFixed(1)} GiB` : `${Math.round(bytes / (1 << 20))} MiB`;
export const seconds = value => value === null || value === undefined ? '' : value >= 5400 ? `${(value / 3600).toFixed(1)} h` : value >= 90 ? `${Math.round(value / 60)} min` : `${Math.round(value)} s`;
export const labelled = (text, input, attributes = {}) => el('label', attributes, el('span', {}, text), input);
export const stored = (name, otherwise) => JSON.parse(localStorage.getItem(name) ?? 'null') ?? otherwise;
export const store = (name, value) => localStorage.setItem(name, JSON.stringify(value));

export function options(select, values) {
  const before = select.value;
  select.replaceChildren(...values.map(([value, text]) => el('option', { value }, text ?? value)));
  if (values.some(([value]) => value === before)) select.value = before;
}
