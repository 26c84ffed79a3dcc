// What the image of a prompt must show: the demo model's red circle on blue.
import assert from 'node:assert/strict';
import sharp from 'sharp';

export const prompt = 'a red circle on a blue background';

async function at(bytes, x, y) {
  const { data, info } = await sharp(bytes).removeAlpha().raw().toBuffer({ resolveWithObject: true });
  const index = (Math.floor(y * info.height) * info.width + Math.floor(x * info.width)) * info.channels;
  return [...data.subarray(index, index + 3)];
}

function near(actual, expected, where) {
  assert.ok(actual.every((value, i) => Math.abs(value - expected[i]) < 60), `${where} is ${actual}, not ${expected}`);
}

export async function showsRedCircle(base64) {
  const bytes = Buffer.from(base64, 'base64');
  near(await at(bytes, 0.5, 0.5), [219, 26, 31], 'the middle');
  near(await at(bytes, 0.05, 0.05), [31, 71, 219], 'the corner');
}

export async function showsInTheMiddle(base64, rgb) {
  near(await at(Buffer.from(base64, 'base64'), 0.5, 0.5), rgb, 'the middle');
}
