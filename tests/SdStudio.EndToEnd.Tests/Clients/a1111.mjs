// The client of npm for Automatic1111's API. Arguments: the studio's address, the address of one that needs a key, that key.
import assert from 'node:assert/strict';
import { createRequire } from 'node:module';
import sharp from 'sharp';
import { prompt, showsInTheMiddle, showsRedCircle } from './image.mjs';

const loaded = createRequire(import.meta.url)('stable-diffusion-api');
const StableDiffusionApi = loaded.default ?? loaded.StableDiffusionApi ?? loaded;
const [open, locked, key] = process.argv.slice(2);
const api = new StableDiffusionApi({ baseUrl: open });
const base64 = async (image) => (await image.png().toBuffer()).toString('base64');

assert.ok((await api.getSdModels()).some((model) => model.title === 'Demo'));
assert.ok((await api.getSamplers()).some((sampler) => sampler.name === 'DPM++ 2M'));
assert.equal((await api.getUpscalers())[0].name, 'None');
for (const list of [api.getHypernetworks(), api.getFaceRestorers(), api.getRealesrganModels(), api.getPromptStyles()]) {
  assert.ok(Array.isArray(await list));
}
assert.equal((await api.getCmdFlags()).api, true);
await api.refreshCheckpoints();
await api.setModel('Demo');
assert.equal(await api.getCurrentModel(), 'Demo');
await api.setOptions({ send_seed: true });
assert.equal((await api.getOptions()).send_seed, true);
assert.equal((await api.getProgress(true)).state.job_count, 0);
assert.equal(await api.waitForReady(10), true);

const generated = await api.txt2img({ prompt, width: 64, height: 64, steps: 8, seed: 1, cfg_scale: 1, sampler_name: 'Euler', batch_size: 2 });
assert.equal(generated.images.length, 2);
await showsRedCircle(await base64(generated.images[0]));
assert.deepEqual((typeof generated.info === 'string' ? JSON.parse(generated.info) : generated.info).all_seeds, [1, 2]);

const start = sharp(await generated.images[0].png().toBuffer());
const near = await api.img2img({ prompt, init_images: [start], width: 64, height: 64, steps: 8, denoising_strength: 0.1, seed: 1, cfg_scale: 1 });
await showsInTheMiddle(await base64(near.image), [219, 26, 31]);
const large = await api.extraSingle({ image: start, upscaler_1: 'Demo 4x', upscaling_resize: 4 });
assert.equal((await large.image.metadata()).width, 256);
const both = await api.extraBatch({ images: [start, start], name_list: ['a.png', 'b.png'], upscaler_1: 'Lanczos', upscaling_resize: 2 });
assert.equal(both.images.length, 2);

// The settings stand in what the server sent; sharp would write the image without them.
const bytes = Buffer.from((await api.api.post('/sdapi/v1/txt2img', { prompt, width: 64, height: 64, steps: 2, seed: 9 })).data.images[0], 'base64');
const info = await api.api.post('/sdapi/v1/png-info', { image: `data:image/png;base64,${bytes.toString('base64')}` });
assert.ok(info.data.info.includes('Seed: 9,'), info.data.info);

await assert.rejects(() => new StableDiffusionApi({ baseUrl: locked }).getSdModels());
const member = new StableDiffusionApi({ baseUrl: locked });
member.setAuth('anybody', key);
assert.ok((await member.getSdModels()).length > 0);
console.log('stable-diffusion-api: all steps passed');
