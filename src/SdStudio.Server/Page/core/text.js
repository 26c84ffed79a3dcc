// Every word on the page comes from one JSON file per language.
import { signal } from '../lib.js';

export const languages = { en: 'English', de: 'Deutsch' };
const chosenName = 'sdstudio.language';

/** What was chosen: a language, or '' for the browser's. */
export const chosenLanguage = signal(localStorage.getItem(chosenName) ?? '');
export const language = signal('en');
/** @type {import('./types').Signal<Record<string, string>>} */
const words = signal({});
let plural = new Intl.PluralRules('en');

const preferred = () => chosenLanguage.value || (navigator.languages ?? []).map(tag => tag.slice(0, 2)).find(tag => tag in languages) || 'en';

export async function loadLanguage() {
  const name = preferred();
  const response = await fetch(new URL(`text/${name}.json`, document.baseURI));
  words.value = await response.json();
  plural = new Intl.PluralRules(name);
  language.value = name;
  document.documentElement.lang = name;
  document.documentElement.dir = words.value['direction'];
}

/** @param {string} name a language, or '' for the browser's */
export function chooseLanguage(name) {
  chosenLanguage.value = name;
  localStorage.setItem(chosenName, name);
  return loadLanguage();
}

/** A text by its name; {words} in braces are filled in, and `count` chooses between one and several. */
export function t(name, values = {}) {
  const all = words.value;
  const form = 'count' in values ? `${name}.${plural.select(Number(values.count))}` : name;
  const text = all[form] ?? all[`${name}.other`] ?? all[name] ?? name;
  return text.replace(/\{(\w+)\}/g, (_, word) => typeof values[word] === 'number' ? number(values[word], 3) : values[word] ?? '');
}

/** Whether there is such a text. */
export const has = name => name in words.value;

export const number = (value, digits = undefined) => new Intl.NumberFormat(language.value, { maximumFractionDigits: digits ?? 2 }).format(value);
export const when = milliseconds => new Date(milliseconds).toLocaleString(language.value, { dateStyle: 'medium', timeStyle: 'short' });

export const bytes = value => value >= 1e9 ? `${number(value / 1e9, 1)} GB` : value >= 1e6 ? `${number(value / 1e6, 0)} MB` : `${number(value / 1e3, 0)} kB`;
export const mebibytes = value => value >= 1 << 30 ? `${number(value / (1 << 30), 1)} GiB` : `${number(value / (1 << 20), 0)} MiB`;
export const seconds = value => value >= 5400 ? t('time.hours', { value: Math.round(value / 360) / 10 }) : value >= 90 ? t('time.minutes', { value: Math.round(value / 60) }) : t('time.seconds', { value: Math.max(1, Math.round(value)) });
