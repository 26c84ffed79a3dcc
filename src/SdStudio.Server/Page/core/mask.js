// A mask as the list of what was done to it: drawing it is doing that again, and undo is one fewer.
/** @typedef {import('./types').MaskStep} MaskStep */

const stripe = 12;

// Two colours that no image has both of: the mask is seen on everything.
function hatch(context) {
  const tile = document.createElement('canvas');
  tile.width = tile.height = stripe;
  const brush = tile.getContext('2d');
  brush.fillStyle = '#ff2fa0';
  brush.fillRect(0, 0, stripe, stripe);
  brush.strokeStyle = '#ffffff';
  brush.lineWidth = 3;
  for (const shift of [-stripe, 0, stripe]) {
    brush.beginPath();
    brush.moveTo(shift - 2, stripe + 2);
    brush.lineTo(shift + stripe + 2, -2);
    brush.stroke();
  }
  return context.createPattern(tile, 'repeat');
}

export class Mask {
  /** @param {number} width @param {number} height */
  constructor(width, height) {
    this.width = width;
    this.height = height;
    /** @type {MaskStep[]} */
    this.steps = [];
    /** @type {MaskStep[]} */
    this.undone = [];
    this.canvas = document.createElement('canvas');
    this.canvas.width = width;
    this.canvas.height = height;
    this.context = this.canvas.getContext('2d');
    this.pattern = hatch(this.context);
  }

  get isEmpty() {
    return !this.steps.some(step => step.kind !== 'clear') || this.steps.at(-1)?.kind === 'clear';
  }

  /** @param {MaskStep} step */
  add(step) {
    this.steps.push(step);
    this.undone = [];
    this.#apply(step);
  }

  /** Goes on with the last stroke. @param {[number, number]} point */
  extend(point) {
    const step = this.steps.at(-1);
    if (step?.kind !== 'stroke') return;
    const from = step.points.at(-1);
    step.points.push(point);
    this.#line(step, [from, point]);
  }

  undo() {
    if (this.steps.length === 0) return;
    this.undone.push(this.steps.pop());
    this.#again();
  }

  redo() {
    if (this.undone.length === 0) return;
    this.steps.push(this.undone.pop());
    this.#apply(this.steps.at(-1));
  }

  #again() {
    this.context.clearRect(0, 0, this.width, this.height);
    for (const step of this.steps) this.#apply(step);
  }

  /** @param {MaskStep} step */
  #apply(step) {
    const { context, width, height } = this;
    context.globalCompositeOperation = 'source-over';
    context.fillStyle = this.pattern;
    if (step.kind === 'stroke') {
      this.#line(step, step.points);
    } else if (step.kind === 'clear') {
      context.clearRect(0, 0, width, height);
    } else if (step.kind === 'invert') {
      context.globalCompositeOperation = 'xor';
      context.fillRect(0, 0, width, height);
    } else if (step.kind === 'rectangles') {
      for (const box of step.boxes) context.fillRect(...box);
    } else {
      context.drawImage(step.image, 0, 0, width, height);
      context.globalCompositeOperation = 'source-in';
      context.fillRect(0, 0, width, height);
    }
  }

  /** @param {import('./types').Stroke} stroke @param {[number, number][]} points */
  #line({ erases, size }, points) {
    const { context } = this;
    context.globalCompositeOperation = erases ? 'destination-out' : 'source-over';
    context.strokeStyle = context.fillStyle = this.pattern;
    context.lineWidth = size;
    context.lineCap = context.lineJoin = 'round';
    context.beginPath();
    // A line without length has no ends; a point is a round one.
    if (points.length === 1) {
      context.arc(points[0][0], points[0][1], size / 2, 0, 2 * Math.PI);
      context.fill();
      return;
    }
    context.moveTo(...points[0]);
    for (const point of points.slice(1)) context.lineTo(...point);
    context.stroke();
  }

  /** White where to redraw, black elsewhere; null when nothing is painted. @param {number} feather pixels over which it fades @returns {Promise<Blob|null>} */
  toBlob(feather = 0) {
    if (this.isEmpty) return Promise.resolve(null);
    const white = document.createElement('canvas');
    white.width = this.width;
    white.height = this.height;
    const brush = white.getContext('2d');
    brush.drawImage(this.canvas, 0, 0);
    brush.globalCompositeOperation = 'source-in';
    brush.fillStyle = '#ffffff';
    brush.fillRect(0, 0, this.width, this.height);
    const whole = document.createElement('canvas');
    whole.width = this.width;
    whole.height = this.height;
    const context = whole.getContext('2d');
    context.fillStyle = '#000000';
    context.fillRect(0, 0, this.width, this.height);
    if (feather > 0) context.filter = `blur(${feather}px)`;
    context.drawImage(white, 0, 0);
    return new Promise(resolve => whole.toBlob(resolve, 'image/png'));
  }
}

/** A mask as a file, white where to redraw, as something to paint. @param {Blob} blob @param {number} width @param {number} height */
export async function painted(blob, width, height) {
  const bitmap = await createImageBitmap(blob);
  const canvas = document.createElement('canvas');
  canvas.width = width;
  canvas.height = height;
  const context = canvas.getContext('2d');
  context.drawImage(bitmap, 0, 0, width, height);
  const pixels = context.getImageData(0, 0, width, height);
  for (let index = 0; index < pixels.data.length; index += 4) pixels.data[index + 3] = pixels.data[index];
  context.putImageData(pixels, 0, 0);
  return canvas;
}

/** The image with room at its sides, filled with its own edges. @param {CanvasImageSource} image */
export function widened(image, width, height, { left, top, right, bottom }) {
  const canvas = document.createElement('canvas');
  canvas.width = width + left + right;
  canvas.height = height + top + bottom;
  const context = canvas.getContext('2d');
  context.drawImage(image, left, top);
  const copy = (x, y, across, down, toX, toY, toAcross, toDown) => { if (toAcross > 0 && toDown > 0) context.drawImage(canvas, x, y, across, down, toX, toY, toAcross, toDown); };
  copy(left, top, 1, height, 0, top, left, height);
  copy(left + width - 1, top, 1, height, left + width, top, right, height);
  copy(0, top, canvas.width, 1, 0, 0, canvas.width, top);
  copy(0, top + height - 1, canvas.width, 1, 0, top + height, canvas.width, bottom);
  return canvas;
}
