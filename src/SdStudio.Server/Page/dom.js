// Elements out of plain values; texts are always texts, never markup.
export function el(name, attributes = {}, ...children) {
  const element = document.createElement(name);
  for (const [key, value] of Object.entries(attributes)) {
    if (key.startsWith('on')) element.addEventListener(key.slice(2), value);
    else if (value === true) element.setAttribute(key, '');
    else if (value !== false && value !== null && value !== undefined) element.setAttribute(key, value);
  }
  element.append(...children.flat().filter(child => child !== null && child !== undefined && child !== false));
  return element;
}

export const button = (text, onclick, attributes = {}) => el('button', { type: 'button', onclick, ...attributes }, text);

const timers = new Map();
export function toast(text, action) {
  const box = document.getElementById('toast');
  const line = el('div', {}, text, action && button(action.text, () => { line.remove(); action.run(); }));
  box.replaceChildren(line);
  clearTimeout(timers.get(box));
  timers.set(box, setTimeout(() => line.remove(), action ? 6000 : 4000));
  return line;
}

// What goes wrong is said, whoever asked for it.
export const guarded = work => async (...parameters) => {
  try {
    return await work(...parameters);
  } catch (error) {
    toast(error.message);
  }
};

export const mib = bytes => bytes >= 1 << 30 ? `${(bytes / (1 << 30)).toFixed(1)} GiB` : `${Math.round(bytes / (1 << 20))} MiB`;
export const seconds = value => value === null || value === undefined ? '' : value >= 90 ? `${Math.round(value / 60)} min` : `${Math.round(value)} s`;
export const labelled = (text, input) => el('label', {}, text, input);
