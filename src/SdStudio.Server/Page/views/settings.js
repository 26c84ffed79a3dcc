// The left column: what the next image is made of.
import { html, useEffect, useRef } from '../lib.js';
import { makesVideo, takesImage, timeText } from '../core/catalogue.js';
import { actionText, attention, draft, generate, isSending, model, obstacle, problems, set, size } from '../core/draft.js';
import { rangeOf, sizesOf } from '../core/parameters.js';
import { activeJobs, parameterTable, paused, setPaused } from '../core/store.js';
import { t } from '../core/text.js';
import { Guides } from './guides.js';
import { InputPanel } from './input.js';
import { fieldOf, shown } from './fields.js';
import { Grid } from './grid.js';
import { Loras } from './loras.js';
import { Prompt } from './prompt.js';
import { Button, Field, Help, Icon } from './ui.js';
import { ControlFrames, EndImage } from './video.js';
import { Words } from './words.js';

function Size() {
  const { width, height } = size.value;
  const problem = problems.value.width ?? problems.value.height;
  const side = (name, value) => html`<input type="number" inputmode="numeric" name=${name} id=${`f-${name}`} min="8" max=${rangeOf(name).max} step="8" value=${value} aria-label=${t(`field.${name}`)}
    aria-invalid=${problems.value[name] ? 'true' : undefined} aria-describedby=${problem ? 'f-size-problem' : undefined} onInput=${event => set({ [name]: event.target.value, [name === 'width' ? 'height' : 'width']: name === 'width' ? `${height}` : `${width}` })} />`;
  return html`<fieldset class=${`field wide ${problem ? 'bad' : ''}`}><legend class="field-head"><span>${t('field.size')}</span><${Help} name="size" /></legend>
    <div class="size-row">
      <div class="shapes" role="group" aria-label=${t('size.shapes')}>${sizesOf(model.value).map(shape => html`<button key=${shape.name} type="button" class="button square" title=${`${shape.name} · ${shape.width} × ${shape.height}`}
        aria-label=${`${shape.name}, ${shape.width} × ${shape.height}`} aria-pressed=${Number(width) === shape.width && Number(height) === shape.height} onClick=${() => set({ width: `${shape.width}`, height: `${shape.height}` })}>
        <i class="shape" style=${{ width: `${16 * Math.min(1, shape.across / shape.down)}px`, height: `${16 * Math.min(1, shape.down / shape.across)}px` }}></i></button>`)}</div>
      <div class="sides">${side('width', width)}<${Button} kind="quiet" icon="swap" label=${t('size.swap')} onClick=${() => set({ width: `${height}`, height: `${width}` })} />${side('height', height)}</div>
    </div>
    ${problem && html`<p class="problem" id="f-size-problem">${problem}</p>`}
  </fieldset>`;
}

function Seed() {
  const isRandom = draft.value.randomSeed;
  return html`<${Field} name="seed" wide problem=${problems.value.seed}>${attributes => html`<div class="seed">
    <label class="check switch"><input type="checkbox" role="switch" name="randomSeed" checked=${isRandom} onChange=${event => set({ randomSeed: event.target.checked })} /><span>${t('seed.random')}</span></label>
    <input type="number" inputmode="numeric" min="0" max=${rangeOf('seed').max} value=${isRandom ? '' : draft.value.seed} placeholder=${isRandom ? t('seed.each') : t('seed.type')}
      onInput=${event => set({ seed: event.target.value, randomSeed: event.target.value === '' })} ...${attributes} />
    <${Button} kind="quiet" icon="dice" label=${t('seed.roll')} onClick=${() => set({ seed: `${Math.floor(Math.random() * 2 ** 32)}`, randomSeed: false })} />
  </div>`}<//>`;
}

/** Always in sight: how many, the button named after what it does, and what stands in its way. */
export function GenerateBar() {
  const { max: most } = rangeOf('n', { min: 1, max: 10 });
  const counts = [...new Set([1, 2, 3, 4, 6, 8, most])].filter(count => count <= most);
  const given = Number(draft.value.n);
  if (!counts.includes(given) && given > 0) counts.push(given);
  const others = Object.entries(problems.value);
  return html`<div class="generate-bar">
    ${others.length > 0 && html`<p class="problem" role="alert">${others.map(([, text]) => text).join(' ')}</p>`}
    ${obstacle.value && html`<p class="soft small">${obstacle.value}</p>`}
    ${paused.value && html`<p class="paused-note" role="status">${t('queue.isPaused')} <button type="button" class="link" onClick=${() => setPaused(false)}>${t('queue.resume')}</button></p>`}
    <div class="generate-row">
      ${!makesVideo(model.value) && html`<label class="count-field"><span class="unseen">${t('field.n')}</span>
        <select name="n" value=${draft.value.n} onChange=${event => set({ n: event.target.value })}>${counts.sort((a, b) => a - b).map(count => html`<option key=${count} value=${count}>${t('times', { value: count })}</option>`)}</select></label>`}
      <button type="button" id="generate" class="button main" disabled=${Boolean(obstacle.value) || !model.value || isSending.value} onClick=${generate}>
        <span>${actionText.value}</span>${activeJobs.value.length > 0 && html`<small>${t('generate.behind', { count: activeJobs.value.length })}</small>`}</button>
    </div>
  </div>`;
}

function Section({ name, open, children }) {
  return html`<details class="section" open=${open}><summary><${Icon} name="down" />${t(`section.${name}`)}</summary><div class="fields">${children}</div></details>`;
}

// The complaint that was answered last: coming back to this view is no new one.
let answered = 0;

export function Settings() {
  const root = useRef(null);
  const { name, times } = attention.value;
  // Where the mistake is, not where the cursor was.
  useEffect(() => {
    if (!name || !root.current || times === answered) return;
    answered = times;
    const field = root.current.querySelector(`[name="${name}"]`) ?? (name === 'width' || name === 'height' ? root.current.querySelector('[name=width]') : null);
    if (!field) return;
    const details = field.closest('details');
    if (details) details.open = true;
    field.focus({ preventScroll: true });
    field.closest('.field')?.scrollIntoView({ block: 'center' });
  }, [name, times]);
  const chosen = model.value;
  if (!chosen || !parameterTable.value) return html`<section id="settings" aria-label=${t('settings.image')}><div class="skeleton"></div><div class="skeleton"></div><div class="skeleton"></div></section>`;
  return html`<section id="settings" ref=${root} aria-label=${t('settings.image')}>
    <div class="scroll">
      <div class="fields">
        <${Prompt} />
        ${chosen.supports_negative_prompt && html`<${Field} name="negative_prompt" wide problem=${problems.value.negative_prompt}>${attributes => html`
          <textarea rows="2" placeholder=${t('negative.placeholder')} value=${draft.value.negative_prompt} onInput=${event => set({ negative_prompt: event.target.value })} ...${attributes}></textarea>`}<//>`}
        ${takesImage(chosen) && html`<${InputPanel} />`}
        ${makesVideo(chosen) ? html`<${EndImage} /><${ControlFrames} />` : html`<${Guides} />`}
        <${Size} />
        ${shown('basic').map(fieldOf)}
        <${Seed} />
        <${Loras} />
      </div>
      <${Section} name="words"><${Words} /><//>
      <${Section} name="advanced">${shown('advanced').map(fieldOf)}<//>
      ${shown('hires').length > 0 && html`<${Section} name="hires">${shown('hires').map(fieldOf)}<//>`}
      ${!makesVideo(chosen) && html`<${Section} name="grid"><${Grid} /><//>`}
      <p class="soft small model-about">${chosen.name} · ${[chosen.default_size.replace('x', ' × '), chosen.license, chosen.quant].filter(Boolean).join(' · ')} · ${[t('model.usualSteps', { count: chosen.generation_params.sample_steps }), timeText(chosen) && t('model.time', { time: timeText(chosen) })].filter(Boolean).join(' · ')}</p>
    </div>
    <${GenerateBar} />
  </section>`;
}
