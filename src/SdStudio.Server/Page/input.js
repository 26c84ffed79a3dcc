import { el, button, labelled, toast } from './dom.js';

// The picture to begin from: dropped, pasted, chosen, or one of the gallery; and what of it is drawn anew.
export function inputPanel() {
  let blob = null;
  let painted = false;
  const picture = el('img', { alt: 'The picture to begin from' });
  const canvas = el('canvas', { 'aria-label': 'Paint what is to be drawn anew' });
  const masked = el('div', { class: 'mask' }, picture, canvas);
  const strength = el('input', { type: 'range', min: 0, max: 1, step: 0.05, value: 0.75 });
  const brush = el('input', { type: 'range', min: 4, max: 120, value: 32 });
  const chooser = el('input', { type: 'file', accept: 'image/*', onchange: () => { if (chooser.files[0]) set(chooser.files[0]); } });
  const tools = el('div', { hidden: true }, masked,
    labelled('Strength: how far it may leave the picture', strength), labelled('Brush: paint to draw only there', brush),
    el('div', { class: 'row' }, button('Clear the mask', clearMask), button('Remove the picture', () => set(null))));
  const element = el('fieldset', { class: 'drop' }, el('legend', {}, 'Begin from a picture'), labelled('Drop or paste one here, or choose a file', chooser), tools);

  function clearMask() {
    painted = false;
    canvas.getContext('2d').clearRect(0, 0, canvas.width, canvas.height);
  }

  function set(next) {
    blob = next;
    tools.hidden = !next;
    chooser.value = '';
    if (!next) return;
    URL.revokeObjectURL(picture.src);
    picture.src = URL.createObjectURL(next);
    picture.onload = () => {
      [canvas.width, canvas.height] = [picture.naturalWidth, picture.naturalHeight];
      clearMask();
    };
    picture.onerror = () => {
      set(null);
      toast('That is no picture this browser can read.');
    };
  }

  function paint(event) {
    if (event.type === 'pointermove' && !(event.buttons & 1)) return;
    const box = canvas.getBoundingClientRect();
    const scale = canvas.width / box.width;
    const context = canvas.getContext('2d');
    context.fillStyle = '#ffffff';
    context.beginPath();
    context.arc((event.clientX - box.left) * scale, (event.clientY - box.top) * scale, brush.value * scale / 2, 0, 2 * Math.PI);
    context.fill();
    painted = true;
  }
  canvas.addEventListener('pointerdown', event => { canvas.setPointerCapture(event.pointerId); paint(event); });
  canvas.addEventListener('pointermove', paint);

  for (const type of ['dragenter', 'dragover']) element.addEventListener(type, event => { event.preventDefault(); element.classList.add('over'); });
  for (const type of ['dragleave', 'drop']) element.addEventListener(type, () => element.classList.remove('over'));
  element.addEventListener('drop', event => {
    event.preventDefault();
    const file = [...event.dataTransfer.files].find(file => file.type.startsWith('image/'));
    if (file) set(file);
  });
  document.addEventListener('paste', event => {
    const file = [...event.clipboardData.files].find(file => file.type.startsWith('image/'));
    if (file && !element.hidden) set(file);
  });

  // White where to draw anew, black elsewhere.
  function mask() {
    const whole = el('canvas', { width: canvas.width, height: canvas.height });
    const context = whole.getContext('2d');
    context.fillStyle = '#000000';
    context.fillRect(0, 0, whole.width, whole.height);
    context.drawImage(canvas, 0, 0);
    return new Promise(resolve => whole.toBlob(resolve, 'image/png'));
  }

  return {
    element,
    use: async path => set(await (await fetch(path)).blob()),
    files: async () => blob ? { image: blob, strength: strength.value, ...(painted ? { mask: await mask() } : {}) } : null,
  };
}
