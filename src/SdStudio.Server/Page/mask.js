import { button, el, labelled } from './dom.js';

const colour = '#ff3d7f';

// A layer over a picture that is painted where the picture is to be drawn anew: with a pointer, or with arrow keys and the space bar.
export function maskLayer() {
  let isPainted = false;
  let last = null;
  let cursor = null;
  const canvas = el('canvas', { tabindex: 0, role: 'img', 'aria-label': 'Mask: paint what is to be drawn anew. Arrow keys move the brush, space paints.' });
  const brush = el('input', { type: 'range', min: 4, max: 160, value: 40 });
  const erase = button('Erase', () => erase.setAttribute('aria-pressed', erase.getAttribute('aria-pressed') !== 'true'), { 'aria-pressed': 'false' });
  const ring = el('i', { class: 'ring', hidden: true });
  const tools = el('div', { class: 'form' }, labelled('Brush: paint to draw only there', brush),
    el('div', { class: 'row' }, erase, button('Clear the mask', clear)), ring);
  const context = canvas.getContext('2d', { willReadFrequently: false });

  function clear() {
    isPainted = false;
    context.clearRect(0, 0, canvas.width, canvas.height);
  }

  function scale() { return canvas.width / canvas.getBoundingClientRect().width; }

  function stroke(x, y) {
    context.globalCompositeOperation = erase.getAttribute('aria-pressed') === 'true' ? 'destination-out' : 'source-over';
    context.strokeStyle = context.fillStyle = colour;
    context.lineWidth = brush.value * scale();
    context.beginPath();
    context.moveTo(...(last ?? [x, y]));
    context.lineTo(x, y);
    context.stroke();
    // A line without length has no ends; every point is a round one.
    context.beginPath();
    context.arc(x, y, context.lineWidth / 2, 0, 2 * Math.PI);
    context.fill();
    [last, isPainted] = [[x, y], true];
  }

  const at = event => {
    const box = canvas.getBoundingClientRect();
    return [(event.clientX - box.left) * scale(), (event.clientY - box.top) * scale()];
  };
  canvas.addEventListener('pointerdown', event => {
    canvas.setPointerCapture(event.pointerId);
    last = null;
    stroke(...at(event));
  });
  canvas.addEventListener('pointermove', event => { if (event.buttons & 1) stroke(...at(event)); });
  canvas.addEventListener('pointerup', () => { last = null; });

  const moves = { ArrowLeft: [-1, 0], ArrowRight: [1, 0], ArrowUp: [0, -1], ArrowDown: [0, 1] };
  canvas.addEventListener('keydown', event => {
    if (!moves[event.key] && event.key !== ' ') return;
    event.preventDefault();
    cursor ??= [canvas.width / 2, canvas.height / 2];
    last = null;
    if (moves[event.key]) {
      const step = brush.value * scale() / 2;
      cursor = cursor.map((value, axis) => Math.max(0, Math.min([canvas.width, canvas.height][axis], value + moves[event.key][axis] * step)));
    } else {
      stroke(...cursor);
    }
    showCursor();
  });
  canvas.addEventListener('blur', () => { ring.hidden = true; });
  function showCursor() {
    canvas.after(ring);
    ring.hidden = false;
    [ring.style.left, ring.style.top] = cursor.map(value => `${value / scale()}px`);
    ring.style.width = `${brush.value}px`;
  }

  return {
    canvas, tools,
    // A mask that was painted before has white where to draw anew.
    async reset(width, height, painted) {
      [canvas.width, canvas.height, cursor] = [width, height, null];
      clear();
      erase.setAttribute('aria-pressed', 'false');
      if (!painted) return;
      const bitmap = await createImageBitmap(painted);
      context.globalCompositeOperation = 'source-over';
      context.drawImage(bitmap, 0, 0, width, height);
      const pixels = context.getImageData(0, 0, width, height);
      for (let i = 0; i < pixels.data.length; i += 4) pixels.data.set([255, 61, 127, pixels.data[i]], i);
      context.putImageData(pixels, 0, 0);
      isPainted = true;
    },
    // White where to draw anew, black elsewhere; null when nothing was painted.
    toBlob() {
      if (!isPainted) return null;
      const whole = el('canvas', { width: canvas.width, height: canvas.height }).getContext('2d');
      whole.drawImage(canvas, 0, 0);
      for (const [operation, fill] of [['source-in', '#ffffff'], ['destination-over', '#000000']]) {
        whole.globalCompositeOperation = operation;
        whole.fillStyle = fill;
        whole.fillRect(0, 0, canvas.width, canvas.height);
      }
      return new Promise(resolve => whole.canvas.toBlob(resolve, 'image/png'));
    },
  };
}
