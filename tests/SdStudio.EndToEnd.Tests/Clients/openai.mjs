// OpenAI's own client. Arguments: the studio's address, the address of one that needs a key, that key.
import assert from 'node:assert/strict';
import OpenAI, { toFile } from 'openai';
import sharp from 'sharp';
import { prompt, showsInTheMiddle, showsRedCircle } from './image.mjs';

const [open, locked, key] = process.argv.slice(2);
const client = new OpenAI({ baseURL: `${open}/v1`, apiKey: 'any' });
const more = { seed: 1, steps: 8 };

const models = [];
for await (const model of client.models.list()) {
  models.push(model.id);
}
assert.ok(models.includes('demo'), `${models}`);
assert.equal((await client.models.retrieve('demo')).object, 'model');

const generated = await client.images.generate({ model: 'demo', prompt, size: '64x64', n: 2, ...more });
assert.equal(generated.data.length, 2);
await showsRedCircle(generated.data[0].b64_json);

const linked = await client.images.generate({ model: 'dall-e-3', prompt, size: '64x64', response_format: 'url', quality: 'hd', style: 'natural', user: 'me', ...more });
const fetched = await (await fetch(linked.data[0].url)).arrayBuffer();
await showsRedCircle(Buffer.from(fetched).toString('base64'));

const webp = await client.images.generate({ model: 'gpt-image-1', prompt, size: '64x64', output_format: 'webp', output_compression: 90, background: 'opaque', moderation: 'low', ...more });
assert.equal((await sharp(Buffer.from(webp.data[0].b64_json, 'base64')).metadata()).format, 'webp');

const start = Buffer.from((await client.images.generate({ model: 'demo', prompt, size: '128x128', ...more })).data[0].b64_json, 'base64');
const mask = await sharp({ create: { width: 128, height: 128, channels: 4, background: { r: 0, g: 0, b: 0, alpha: 0 } } }).png().toBuffer();
for (const image of [await toFile(start, 'start.png', { type: 'image/png' }), [await toFile(start, 'start.png', { type: 'image/png' })]]) {
  const edited = await client.images.edit({
    model: 'demo', image, mask: await toFile(mask, 'mask.png', { type: 'image/png' }), prompt: 'a green circle on a blue background', size: '128x128', strength: 1, ...more,
  });
  await showsInTheMiddle(edited.data[0].b64_json, [26, 158, 56]);
}

const varied = await client.images.createVariation({ image: await toFile(start, 'start.png', { type: 'image/png' }), n: 1, size: '128x128', strength: 0.05 });
await showsInTheMiddle(varied.data[0].b64_json, [219, 26, 31]);

const types = [];
let last;
for await (const event of await client.images.generate({ model: 'demo', prompt, size: '64x64', stream: true, partial_images: 1, seed: 1, steps: 400 })) {
  types.push(event.type);
  last = event;
}
assert.deepEqual(types, ['image_generation.partial_image', 'image_generation.completed']);
await showsRedCircle(last.b64_json);

const failure = (options) => client.images.generate({ prompt, size: '64x64', ...options }).then(() => assert.fail('it was not refused'), (error) => error);
const unknown = await failure({ model: 'nobody' });
assert.ok(unknown instanceof OpenAI.NotFoundError, `${unknown}`);
assert.equal(unknown.code, 'model_not_found');
const wrong = await failure({ model: 'demo', n: 99 });
assert.ok(wrong instanceof OpenAI.BadRequestError, `${wrong}`);
assert.equal(wrong.param, 'n');

await assert.rejects(() => new OpenAI({ baseURL: `${locked}/v1`, apiKey: 'wrong' }).models.list(), OpenAI.AuthenticationError);
assert.ok((await new OpenAI({ baseURL: `${locked}/v1`, apiKey: key }).models.list()).data.length > 0);
console.log('openai: all steps passed');
