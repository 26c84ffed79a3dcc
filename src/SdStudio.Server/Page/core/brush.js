// The brush of the mask editor.
import { signal } from '../lib.js';

/** Its width in pixels of the image. */
export const brush = signal(48);
export const erases = signal(false);
/** A brush that suits an image of this size. */
export const suit = (width, height) => { brush.value = Math.max(6, Math.round(Math.min(width, height) / 8)); };
export const widen = factor => { brush.value = Math.max(4, Math.min(300, Math.round(brush.value * factor))); };
