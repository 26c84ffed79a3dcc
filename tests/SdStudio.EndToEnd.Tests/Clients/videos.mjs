// OpenAI's own client makes videos. Argument: the studio's address.
import assert from 'node:assert/strict';
import OpenAI, { toFile } from 'openai';
import sharp from 'sharp';

const [open] = process.argv.slice(2);
const client = new OpenAI({ baseURL: `${open}/v1`, apiKey: 'any' });
const start = await sharp({ create: { width: 64, height: 32, channels: 3, background: { r: 200, g: 20, b: 20 } } }).png().toBuffer();

const created = await client.videos.create({ model: 'sora-2', prompt: 'a red circle moves to the right', seconds: '1', size: '64x32', input_reference: await toFile(start, 'start.png', { type: 'image/png' }), steps: 2, format: 'webp' });
assert.equal(created.object, 'video');
assert.equal(created.model, 'moving');
let video = created;
while (video.status === 'queued' || video.status === 'in_progress') {
  await new Promise((resolve) => setTimeout(resolve, 50));
  video = await client.videos.retrieve(created.id);
}
assert.equal(video.status, 'completed', JSON.stringify(video.error));
assert.equal(video.progress, 100);

const content = await client.videos.downloadContent(created.id);
assert.equal(content.headers.get('content-type'), 'image/webp');
const clip = await sharp(Buffer.from(await content.arrayBuffer()), { animated: true }).metadata();
assert.equal(clip.width, 64);
assert.equal(clip.pageHeight, 32);
assert.ok(clip.pages > 1, `${clip.pages}`);
for (const variant of ['thumbnail', 'spritesheet']) {
  const small = await client.videos.downloadContent(created.id, { variant });
  assert.equal((await sharp(Buffer.from(await small.arrayBuffer())).metadata()).format, 'webp');
}

const ids = [];
for await (const listed of client.videos.list({ limit: 1 })) ids.push(listed.id);
assert.ok(ids.includes(created.id));

const refused = await client.videos.create({ model: 'demo', prompt: 'x' }).then(() => assert.fail('it was not refused'), (error) => error);
assert.ok(refused instanceof OpenAI.BadRequestError, `${refused}`);
assert.match(refused.message, /makes no videos; models that do: moving/);

assert.equal((await client.videos.delete(created.id)).deleted, true);
await assert.rejects(() => client.videos.retrieve(created.id), OpenAI.NotFoundError);
console.log('videos: all steps passed');
