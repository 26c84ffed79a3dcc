// When an image is done and nobody looks: title, icon, and what was allowed of sound and notification.
import { effect, signal } from '../lib.js';
import { read, write } from './keep.js';
import { notify, say } from './notices.js';
import { go, jobHash } from './route.js';
import { activeJobs, connection, runningJob } from './store.js';
import { t } from './text.js';

const keptName = 'sdstudio.alerts';
/** @type {import('./types').Signal<{sound: boolean, notification: boolean}>} */
export const alerts = signal(read(keptName, { sound: false, notification: false }));
/** Images that came while nobody looked. */
const unseen = signal(0);

export async function setAlert(name, isOn) {
  if (name === 'notification' && isOn && (!('Notification' in window) || await Notification.requestPermission() !== 'granted')) {
    notify(t('settings.notification.refused'), { isError: true });
    alerts.value = { ...alerts.value };
    return;
  }
  alerts.value = { ...alerts.value, [name]: isOn };
  write(keptName, alerts.value);
}

function beep() {
  const audio = new AudioContext();
  const tone = audio.createOscillator();
  const volume = audio.createGain();
  tone.frequency.value = 660;
  volume.gain.setValueAtTime(0.12, audio.currentTime);
  volume.gain.exponentialRampToValueAtTime(0.001, audio.currentTime + 0.5);
  tone.connect(volume).connect(audio.destination);
  tone.start();
  tone.stop(audio.currentTime + 0.5);
}

/** @param {import('./types').Job} job */
export function finished(job) {
  say(t('said.done'));
  if (!document.hidden) return;
  unseen.value++;
  if (alerts.value.sound) beep();
  if (!alerts.value.notification || Notification.permission !== 'granted') return;
  const note = new Notification(t('said.done'), { body: job.prompt, tag: job.id });
  note.onclick = () => {
    window.focus();
    go(jobHash(job.id));
  };
}
document.addEventListener('visibilitychange', () => { if (!document.hidden) unseen.value = 0; });

// A ring that fills; a dot for what is done.
function iconOf(progress, isDone, isLost) {
  const round = 2 * Math.PI * 12;
  const ring = progress === null ? '' : `<circle cx="16" cy="16" r="12" fill="none" stroke="#fff" stroke-opacity=".35" stroke-width="5"/><circle cx="16" cy="16" r="12" fill="none" stroke="#fff" stroke-width="5" stroke-dasharray="${round * progress} ${round}" transform="rotate(-90 16 16)"/>`;
  const rest = progress === null ? '<circle cx="12" cy="13" r="6" fill="#ffb3a1"/><path d="M3 27l9-9 6 6 4-4 7 7z" fill="#fff"/>' : ring;
  const dot = isDone ? '<circle cx="25" cy="7" r="7" fill="#2fbf71"/>' : '';
  return `data:image/svg+xml,${encodeURIComponent(`<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 32 32"><rect width="32" height="32" rx="8" fill="${isLost ? '#8a8a94' : '#5a4fe0'}"/>${rest}${dot}</svg>`)}`;
}

export function begin() {
  const icon = document.querySelector('link[rel=icon]');
  let before = '';
  effect(() => {
    const job = runningJob.value;
    const count = activeJobs.value.length;
    const percent = job ? Math.round(job.progress * 100) : null;
    const parts = [unseen.value > 0 ? t('title.done', { count: unseen.value }) : '', percent !== null ? `${percent} %${count > 1 ? ` (${count})` : ''}` : '', 'SdStudio'];
    document.title = parts.filter(Boolean).join(' · ');
    const isLost = connection.value === 'lost';
    const next = percent === null && unseen.value === 0 && !isLost ? 'icon.svg' : iconOf(percent === null ? null : Math.round(percent / 5) * 0.05, unseen.value > 0, isLost);
    if (next !== before) icon.setAttribute('href', next);
    before = next;
  });
}
