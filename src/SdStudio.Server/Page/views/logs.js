import { html, useEffect, useRef, useSignal } from '../lib.js';
import { get } from '../core/api.js';
import { guarded, settled } from '../core/notices.js';
import { go, route } from '../core/route.js';
import { health, refreshHealth } from '../core/store.js';
import { t } from '../core/text.js';
import { Button } from './ui.js';

const lookEvery = 2000;
const levels = ['', 'debug', 'info', 'warn', 'error'];
const jobSoon = settled(id => go(id ? `#/logs/${encodeURIComponent(id)}` : '#/logs', { replace: true }), 300);

export function About() {
  useEffect(() => { refreshHealth(); }, []);
  const known = health.value;
  const facts = known ? [['server', `${known.status}, SdStudio ${known.version}`], ['engine', known.engine ?? t('about.noEngine')], ['commit', known.engine_commit ?? (known.engine ? t('unknown') : null)],
    ['backend', known.backend && `${known.backend}: ${known.backend_reason}`], ['devices', known.devices.join(', ')],
    ['restarts', known.last_end && t('about.lastEnd', { count: known.restarts, at: new Date(known.last_end.at).toLocaleString(), reason: known.last_end.reason })]].filter(([, value]) => value) : [];
  return html`<dl class="about pairs" aria-label=${t('about.label')}>${facts.map(([name, value]) => html`<div key=${name}><dt>${t(`about.${name}`)}</dt><dd>${value}</dd></div>`)}</dl>`;
}

export function Logs() {
  const job = route.value.parts[0] ?? '';
  const level = useSignal('');
  const follow = useSignal(true);
  const lines = useSignal([]);
  const list = useRef(null);
  const look = guarded(async () => {
    const query = new URLSearchParams({ limit: '300', ...(level.value ? { level: level.value } : {}) });
    const { logs } = await get(job ? `/api/generations/${encodeURIComponent(job)}/logs?${query}` : `/api/logs?${query}`);
    const last = logs.at(-1);
    const known = lines.value.at(-1);
    if (logs.length === lines.value.length && last?.timestamp === known?.timestamp && last?.message === known?.message) return;
    lines.value = logs;
  });
  useEffect(() => {
    lines.value = [];
    look();
    const timer = setInterval(() => { if (follow.value && !document.hidden) look(); }, lookEvery);
    return () => clearInterval(timer);
  }, [job, level.value]);
  useEffect(() => { if (follow.value && list.current) list.current.scrollTop = list.current.scrollHeight; }, [lines.value]);
  return html`<section id="logs" class="page" aria-label=${t('nav.logs')}><h2 class="unseen">${t('nav.logs')}</h2><${About} />
    <div class="bar">
      <div class="field"><label for="log-level">${t('logs.level')}</label><select id="log-level" value=${level.value} onChange=${event => { level.value = event.target.value; }}>${levels.map(name => html`<option key=${name} value=${name}>${t(`logs.level.${name || 'all'}`)}</option>`)}</select></div>
      <div class="field"><label for="log-job">${t('logs.job')}</label><input id="log-job" type="search" spellcheck="false" placeholder=${t('logs.allJobs')} value=${job} onInput=${event => jobSoon(event.target.value.trim())} /></div>
      <label class="check"><input type="checkbox" checked=${follow.value} onChange=${event => { follow.value = event.target.checked; }} /><span>${t('logs.follow')}</span></label><${Button} icon="again" text=${t('logs.refresh')} onClick=${look} /></div>
    <div class="log" tabindex="0" role="region" aria-label=${t('logs.lines')} ref=${list}>
      ${lines.value.length === 0 && html`<p class="soft">${t('logs.none')}</p>`}
      ${lines.value.map((line, index) => html`<div class=${`line ${line.level}`} key=${`${line.timestamp} ${index}`}><time datetime=${line.timestamp}>${line.timestamp.slice(11, 23)}</time> <b>${line.level}</b> <span>${line.message}</span></div>`)}</div>
  </section>`;
}
