import { html, useEffect, useSignal } from '../lib.js';
import { get, post } from '../core/api.js';
import { guarded } from '../core/notices.js';
import { mebibytes, t, when } from '../core/text.js';
import { Button } from './ui.js';

const lookEvery = 5000;

function loadText(device) {
  const memory = device.memory;
  const [used, most] = memory?.vram_budget_bytes > 0 ? [memory.vram_used, memory.vram_budget] : memory ? [memory.ram_used, memory.ram_budget] : [0, 0];
  return [t('nodes.busy', { running: device.running, most: device.concurrency }), most > 0 ? t('memory.used', { used: mebibytes(used), most: mebibytes(most) }) : ''].filter(Boolean).join(' · ');
}

function Node({ node, change }) {
  const state = !node.is_alive ? 'missing' : node.is_drained ? 'stopped' : 'running';
  const loaded = node.models.filter(model => model.status === 'running').map(model => model.id);
  return html`<li class="card" data-node=${node.id}>
    <div class="card-head"><h3>${node.name}${node.is_this ? ` (${t('nodes.this')})` : ''}</h3><span class=${`state ${state}`}><i class=${`dot ${state}`}></i>${!node.is_alive ? t('nodes.gone', { at: when(node.seen_at) }) : node.is_drained ? t('nodes.drained') : t('nodes.alive')}</span></div>
    <p class="soft small">${[`SdStudio ${node.version}`, node.address, t('nodes.jobs', { count: node.running }), t('nodes.seen', { at: when(node.seen_at) })].filter(Boolean).join(' · ')}</p>
    <dl class="pairs">${node.device_states.filter(device => device.kind !== 'light').map(device => html`<div key=${device.id}><dt>${device.id}</dt><dd>${loadText(device)}</dd></div>`)}</dl>
    <p class="small">${loaded.length > 0 ? t('memory.loaded', { models: loaded.join(', ') }) : t('memory.none')}</p>
    <div class="card-actions"><div class="row"><${Button} icon=${node.is_drained ? 'play' : 'eject'} text=${t(node.is_drained ? 'nodes.resume' : 'nodes.drain')} onClick=${() => change(node)} /></div></div>
  </li>`;
}

/** The machines that share this studio; nothing where there is only one. */
export function Nodes() {
  const nodes = useSignal([]);
  const take = answer => { nodes.value = answer.nodes; };
  const look = guarded(async () => take(await get('/api/nodes')));
  const change = guarded(async node => take(await post(`/api/nodes/${encodeURIComponent(node.id)}/${node.is_drained ? 'resume' : 'drain'}`)));
  useEffect(() => {
    look();
    const timer = setInterval(() => { if (nodes.value.length > 1 && !document.hidden) look(); }, lookEvery);
    return () => clearInterval(timer);
  }, []);
  if (nodes.value.length < 2) return null;
  return html`<h2>${t('nodes.title')}</h2><ul class="cards" id="nodes">${nodes.value.map(node => html`<${Node} key=${node.id} node=${node} change=${change} />`)}</ul>`;
}
