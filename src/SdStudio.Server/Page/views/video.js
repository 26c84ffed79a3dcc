// Videos: the player on the canvas, and the last frame in the settings.
import { html, useEffect, useRef, useSignal } from '../lib.js';
import { address } from '../core/api.js';
import { takesImage } from '../core/catalogue.js';
import { model, problems } from '../core/draft.js';
import { number, t } from '../core/text.js';
import { controlFrames, endImage, followsFrames, placeOf, setControlFrames, setEndImage } from '../core/video.js';
import { Button, Help, Icon } from './ui.js';

/** @typedef {import('../core/types').ImageView} ImageView */

// Browsers move such images by themselves and cannot stop them: stopped, a frame of the sheet stands in their place.
function Moving({ image, name, onGone }) {
  const { video } = image;
  const isPlaying = useSignal(true);
  const frame = useSignal(0);
  const begun = useRef(performance.now());
  const count = video.sheet_frames;
  useEffect(() => {
    if (!isPlaying.value) return undefined;
    begun.current = performance.now() - 1000 * video.seconds * frame.value / count;
    const timer = setInterval(() => { frame.value = Math.floor((performance.now() - begun.current) / 1000 / video.seconds * count) % count; }, 1000 * video.seconds / count);
    return () => clearInterval(timer);
  }, [isPlaying.value]);
  const seek = event => {
    isPlaying.value = false;
    frame.value = Number(event.target.value);
  };
  const play = () => {
    frame.value = 0;
    isPlaying.value = true;
  };
  return html`<div class="screen">${isPlaying.value
    ? html`<img class="result" src=${address(image.url)} width=${image.width} height=${image.height} alt=${name} draggable=${false} onLoad=${() => { begun.current = performance.now(); }} onError=${onGone} />`
    : html`<div class="frame" role="img" aria-label=${`${name}: ${t('video.frame', { value: frame.value + 1, count })}`} style=${{ aspectRatio: `${image.width} / ${image.height}`, width: `${image.width}px`, backgroundImage: `url("${address(video.sheet_url)}")`, ...placeOf(video, frame.value) }}></div>`}</div>
    <div class="row player-tools"><${Button} icon=${isPlaying.value ? 'pause' : 'play'} label=${t(isPlaying.value ? 'video.pause' : 'video.play')} onClick=${() => { if (isPlaying.value) isPlaying.value = false; else play(); }} />
      <input type="range" name="frame" min="0" max=${count - 1} step="1" value=${frame.value} aria-label=${t('video.position')} aria-valuetext=${t('video.frame', { value: frame.value + 1, count })} onInput=${seek} />
      <output class="small">${number(video.seconds * frame.value / count, 1)} / ${number(video.seconds, 1)} s</output></div>`;
}

/** A video on the canvas. @param {{image: ImageView, name: string, onGone: () => void}} properties */
export function Player({ image, name, onGone }) {
  const isFile = ['mp4', 'webm'].includes(image.video.format);
  return html`<div class="player" role="group" aria-label=${t('canvas')}>${isFile
    ? html`<div class="screen"><video class="result" src=${address(image.url)} width=${image.width} height=${image.height} controls loop autoplay muted=${!image.video.sound} playsinline aria-label=${name} onError=${onGone}></video></div>`
    : html`<${Moving} image=${image} name=${name} onGone=${onGone} />`}</div>`;
}

/** The last frame, where the model takes images. */
export function EndImage() {
  if (!takesImage(model.value)) return null;
  const current = endImage.value;
  return html`<fieldset class="field wide" data-name="end_image"><legend class="field-head"><span>${t('field.end_image')}</span><${Help} name="end_image" /></legend>
    ${current ? html`<ul class="guide-images"><li><img src=${current.url} alt=${current.name} /><${Button} kind="small" icon="close" label=${t('references.remove', { name: current.name })} onClick=${() => setEndImage(null)} /></li></ul>`
      : html`<label class="button drop"><${Icon} name="image" /><span>${t('video.chooseEnd')}</span><input type="file" class="unseen" accept="image/*" aria-label=${t('video.chooseEnd')}
        onChange=${event => { setEndImage(event.target.files[0] ?? null); event.target.value = ''; }} /></label>`}
    ${problems.value.end_image && html`<p class="problem">${problems.value.end_image}</p>`}
  </fieldset>`;
}

/** What the frames follow, for models that do. */
export function ControlFrames() {
  if (!followsFrames(model.value)) return null;
  const frames = controlFrames.value;
  return html`<fieldset class="field wide" data-name="control_frames"><legend class="field-head"><span>${t('field.control_frames')}</span><${Help} name="control_frames" /></legend>
    ${frames.length > 0 ? html`<ul class="guide-images"><li><img src=${frames[0].url} alt=${frames[0].name} /></li>${frames.length > 1 && html`<li><img src=${frames.at(-1).url} alt=${frames.at(-1).name} /></li>`}</ul>
      <div class="row tight"><span class="small">${t('video.frames', { count: frames.length })}</span><${Button} kind="small" icon="close" label=${t('video.removeFrames')} onClick=${() => setControlFrames([])} /></div>`
      : html`<label class="button drop"><${Icon} name="image" /><span>${t('video.chooseFrames')}</span><input type="file" class="unseen" accept="image/*" multiple aria-label=${t('video.chooseFrames')}
        onChange=${event => { setControlFrames(event.target.files); event.target.value = ''; }} /></label>`}
    ${problems.value.control_frames && html`<p class="problem">${problems.value.control_frames}</p>`}
  </fieldset>`;
}
