import { get } from './api.js';
import { button, el, guarded, labelled } from './dom.js';

const lookEvery = 2000;
let section;
let level;
let job;
let follow;
let lines;
let about;
let last = '';

const look = guarded(async () => {
  const query = new URLSearchParams({ limit: 300, ...(level.value ? { level: level.value } : {}) });
  const of = job.value.trim();
  const { logs } = await get(of ? `/api/generations/${encodeURIComponent(of)}/logs?${query}` : `/api/logs?${query}`);
  const text = JSON.stringify(logs);
  if (text === last) return;
  last = text;
  lines.replaceChildren(...(logs.length === 0 ? [el('p', { class: 'soft' }, 'No lines.')] : logs.map(line =>
    el('div', { class: `line ${line.level}` }, el('time', { datetime: line.timestamp }, line.timestamp.slice(11, 23)), ' ', el('b', {}, line.level), ' ', el('span', {}, line.message)))));
  if (follow.checked) lines.scrollTop = lines.scrollHeight;
});

const tellAbout = guarded(async () => {
  const health = await get('/api/health');
  about.replaceChildren(...[
    ['Server', health.status], ['Engine', health.engine ?? 'not loaded: the log says why'], ['Commit', health.engine_commit ?? (health.engine ? 'this build does not tell' : null)],
    ['Backend', health.backend && `${health.backend}: ${health.backend_reason}`], ['Devices', health.devices.join(', ')],
  ].filter(([, value]) => value).flatMap(([name, value]) => [el('dt', {}, name), el('dd', {}, value)]));
});

export function start(place) {
  section = place;
  level = el('select', { onchange: look }, [['', 'All'], ['debug', 'Debug and above'], ['info', 'Info and above'], ['warn', 'Warnings and errors'], ['error', 'Errors']].map(([value, text]) => el('option', { value }, text)));
  job = el('input', { type: 'search', onchange: look, onsearch: look, spellcheck: 'false', placeholder: 'all of them' });
  follow = el('input', { type: 'checkbox', checked: true });
  lines = el('div', { class: 'log card', tabindex: '0', role: 'region', 'aria-label': 'Log lines' });
  about = el('dl', { class: 'card about', 'aria-label': 'The server and its engine' });
  section.append(about, el('div', { class: 'bar' }, labelled('Level', level), labelled('Of the job', job), el('label', { class: 'check' }, follow, ' Follow'), button('Look again', look, { icon: 'again' })), lines);
  setInterval(() => { if (!section.hidden && !document.hidden && follow.checked) look(); }, lookEvery);
}

export function shown(of) {
  if (of !== undefined) job.value = of;
  last = '';
  look();
  tellAbout();
}
