import { get } from './api.js';
import { button, el, guarded, labelled } from './dom.js';

let level;
let job;
let lines;
let about;

const draw = guarded(async () => {
  const query = new URLSearchParams({ limit: 200, ...(level.value ? { level: level.value } : {}) });
  const { logs } = await get(job.value.trim() ? `/api/generations/${encodeURIComponent(job.value.trim())}/logs?${query}` : `/api/logs?${query}`);
  lines.textContent = logs.map(line => `${line.timestamp}  ${line.level.padEnd(5)}  ${line.message}`).join('\n') || 'No lines.';
  const health = await get('/api/health');
  about.textContent = `The server is ${health.status}. Engine: ${health.engine ?? 'not loaded'}. Devices: ${health.devices.join(', ') || 'none'}.`;
});

export function start(section) {
  level = el('select', { onchange: draw }, ['', 'debug', 'info', 'warn', 'error'].map(value => el('option', { value }, value || 'all')));
  job = el('input', { onchange: draw, spellcheck: 'false' });
  lines = el('pre', { tabindex: '0', 'aria-label': 'Log lines' });
  about = el('p', { class: 'soft' });
  section.append(about, el('div', { class: 'row' }, labelled('Level', level), labelled('Of the job', job), button('Look again', draw)), lines);
}

export const shown = () => draw();
