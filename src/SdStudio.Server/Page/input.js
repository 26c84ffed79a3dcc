import { withKey } from './api.js';
import { button, el, labelled, mib } from './dom.js';
import { catalogue } from './catalogue.js';
import { maskLayer } from './mask.js';

// The picture to begin from: dropped, pasted, chosen, or one of the gallery; and, where it is asked for, what of it is drawn anew.
export function inputPanel({ title, withMask, changed = () => {} }) {
  let blob = null;
  let source = null;
  let whenShown = Promise.resolve();
  const problem = el('p', { class: 'error', role: 'alert', hidden: true });
  const picture = el('img', { alt: 'The picture to begin from' });
  const mask = withMask ? maskLayer() : null;
  const strength = el('input', { type: 'range', min: 0, max: 1, step: 0.05, value: 0.75, name: 'strength', oninput: () => { shown.value = Number(strength.value).toFixed(2); } });
  const shown = el('output', {}, '0.75');
  const chooser = el('input', { type: 'file', accept: 'image/*', onchange: () => { if (chooser.files[0]) set(chooser.files[0]); } });
  const about = el('p', { class: 'soft small' });
  const tools = el('div', { class: 'form', hidden: true },
    el('div', { class: 'mask' }, picture, mask?.canvas), about, mask?.tools,
    withMask && el('div', { class: 'slider' }, labelled('Strength: how far it may leave the picture', strength), shown),
    button('Remove the picture', () => set(null), { icon: 'close' }));
  const drop = el('label', { class: 'drop' }, el('b', {}, 'Drop a picture here'), ' or paste one, or choose a file', chooser);
  const element = el('fieldset', { class: 'plain' }, el('legend', {}, title), drop, problem, tools);

  function complain(text) {
    problem.textContent = text;
    problem.hidden = !text;
  }

  function set(next, { id = null, painted = null } = {}) {
    chooser.value = '';
    complain('');
    const most = catalogue.config.limits.max_request_bytes;
    if (next && next.size > most) {
      complain(`${next.name ?? 'The picture'} has ${mib(next.size)}; this server takes at most ${mib(most)} at once. Make it smaller and choose it again.`);
      return;
    }
    [blob, source] = [next, id];
    tools.hidden = !next;
    drop.hidden = Boolean(next);
    URL.revokeObjectURL(picture.src);
    whenShown = !next ? Promise.resolve() : new Promise(resolve => {
      picture.onload = async () => {
        about.textContent = `${picture.naturalWidth} × ${picture.naturalHeight} pixels`;
        await mask?.reset(picture.naturalWidth, picture.naturalHeight, painted);
        changed();
        resolve();
      };
      picture.onerror = () => {
        set(null);
        complain(`${next.name ?? 'That'} is no picture that this browser can read. PNG, JPEG, WebP and GIF are.`);
        resolve();
      };
    });
    if (next) picture.src = URL.createObjectURL(next);
    changed();
  }

  for (const type of ['dragenter', 'dragover']) element.addEventListener(type, event => { event.preventDefault(); element.classList.add('over'); });
  for (const type of ['dragleave', 'drop']) element.addEventListener(type, () => element.classList.remove('over'));
  element.addEventListener('drop', event => {
    event.preventDefault();
    take(event.dataTransfer.files, 'What was dropped is no picture.');
  });
  document.addEventListener('paste', event => {
    if (element.offsetParent !== null && event.clipboardData.files.length > 0) take(event.clipboardData.files, 'What was pasted is no picture.');
  });
  function take(files, otherwise) {
    const file = [...files].find(file => file.type.startsWith('image/'));
    if (file) set(file);
    else complain(otherwise);
  }

  const fetched = async path => {
    const response = await fetch(withKey(path));
    if (!response.ok) throw new Error('The picture to begin from is not there any more.');
    return response.blob();
  };

  return {
    element,
    get size() { return blob && picture.naturalWidth > 0 ? { width: picture.naturalWidth, height: picture.naturalHeight } : null; },
    get hasPicture() { return blob !== null; },
    // An image of this server, by its id.
    use: async id => { set(await fetched(`/api/images/${id}`), { id }); await whenShown; },
    // What an earlier generation began from.
    restore: async job => {
      const painted = job.mask_image_path ? await fetched(`/api/generations/${job.id}/mask`) : null;
      set(await fetched(`/api/generations/${job.id}/input`), { painted });
      await whenShown;
      if (job.strength !== null && withMask) [strength.value, shown.value] = [job.strength, Number(job.strength).toFixed(2)];
    },
    clear: () => set(null),
    async addTo(form) {
      if (source) form.append('source_image_id', source);
      else form.append('image', blob, 'image.png');
      if (!withMask) return;
      form.append('strength', strength.value);
      const painted = await mask.toBlob();
      if (painted) form.append('mask', painted, 'mask.png');
    },
  };
}
