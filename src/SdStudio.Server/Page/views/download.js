import { html } from '../lib.js';
import { stopDownload } from '../core/store.js';
import { bytes, seconds, t } from '../core/text.js';
import { Button, Progress } from './ui.js';

/** How far a download is, with what stops it. */
export function DownloadState({ state, name }) {
  const speed = state.bytes_per_second ? t('download.speed', { size: bytes(state.bytes_per_second) }) : t('download.waiting');
  const rest = [speed, state.seconds_left ? t('phase.left', { time: seconds(state.seconds_left) }) : ''].filter(Boolean).join(' · ');
  return html`<div class="download">
    <p class="soft small">${state.total_bytes ? t('download.of', { done: bytes(state.bytes_downloaded), all: bytes(state.total_bytes), rest }) : t('download.asking')}</p>
    <${Progress} value=${state.total_bytes ? state.progress : null} label=${t('download.progress', { name })} />
    ${state.current_file && html`<p class="soft small file">${state.current_file}</p>`}
    <${Button} kind="small" icon="close" text=${t('download.stop')} onClick=${() => stopDownload(state)} />
  </div>`;
}
