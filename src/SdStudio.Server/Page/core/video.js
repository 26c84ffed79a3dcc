// What a video has that an image has not: a last frame, and time.
import { signal } from '../lib.js';
import { number, t } from './text.js';

/** The last frame of the next video. @type {import('./types').Signal<{blob: Blob, url: string, name: string}|null>} */
export const endImage = signal(null);

/** @param {File|null} file */
export function setEndImage(file) {
  if (endImage.value) URL.revokeObjectURL(endImage.value.url);
  endImage.value = file ? { blob: file, url: URL.createObjectURL(file), name: file.name } : null;
}

/** What the frames follow, one by one. @type {import('./types').Signal<{blob: Blob, url: string, name: string}[]>} */
export const controlFrames = signal([]);

/** Names of frames are counted: 2 comes before 10. @param {Iterable<File>} files */
export function setControlFrames(files) {
  for (const { url } of controlFrames.value) URL.revokeObjectURL(url);
  controlFrames.value = [...files].filter(file => file.type.startsWith('image/')).sort((a, b) => a.name.localeCompare(b.name, undefined, { numeric: true }))
    .map(file => ({ blob: file, url: URL.createObjectURL(file), name: file.name }));
}

/** Whether it can follow frames, as far as is known. @param {import('./types').Model|null} model */
export const followsFrames = model => model?.makes_videos === true && (!model.family || model.family === 'wan');

/** How long it runs, for people. @param {import('./types').VideoView} video */
export const lengthOf = video => t('video.seconds', { value: number(video.seconds, 1) });

/** Where a frame stands on the sheet, as a background. @param {import('./types').VideoView} video @param {number} frame */
export function placeOf({ sheet_frames: count, sheet_columns: columns }, frame) {
  const rows = Math.ceil(count / columns);
  const share = (at, of) => of > 1 ? `${100 * at / (of - 1)}%` : '0%';
  return { backgroundSize: `${100 * columns}% ${100 * rows}%`, backgroundPosition: `${share(frame % columns, columns)} ${share(Math.floor(frame / columns), rows)}` };
}
