// Starts SillyTavern without a window and drives its image generation extension's endpoints, as its page does.
// Arguments: the studio's address, the address of one that needs a key, that key, a folder for SillyTavern's own data.
import assert from 'node:assert/strict';
import { spawn } from 'node:child_process';
import { mkdirSync } from 'node:fs';
import { createServer } from 'node:net';
import { fileURLToPath } from 'node:url';
import { prompt, showsRedCircle } from './image.mjs';

const [open, locked, key, folder] = process.argv.slice(2);
const home = fileURLToPath(new URL('./node_modules/sillytavern', import.meta.url));

async function freePort() {
  const server = createServer();
  await new Promise((listening) => server.listen(0, '127.0.0.1', listening));
  const { port } = server.address();
  await new Promise((closed) => server.close(closed));
  return port;
}

mkdirSync(folder, { recursive: true });
const port = await freePort();
const tavern = spawn(process.execPath, [
  'server.js', '--configPath', `${folder}/config.yaml`, '--dataRoot', `${folder}/data`, '--port', `${port}`, '--listen', 'false',
  '--disableCsrf', 'true', '--browserLaunchEnabled', 'false', '--whitelist', 'true'], { cwd: home });
let output = '';
tavern.stdout.on('data', (text) => { output += text; });
tavern.stderr.on('data', (text) => { output += text; });
let ended = false;
tavern.on('exit', () => { ended = true; });

async function post(path, body) {
  return fetch(`http://127.0.0.1:${port}/api/sd/${path}`, {
    method: 'POST', headers: { 'Content-Type': 'application/json' }, body: JSON.stringify(body),
  });
}

async function ask(path, body) {
  const response = await post(path, body);
  const text = await response.text();
  assert.equal(response.status, 200, `${path}: ${response.status} ${text.slice(0, 300)}`);
  try {
    return JSON.parse(text);
  } catch {
    return text;
  }
}

async function driveAuto(address) {
  assert.equal(await ask('ping', address), 'OK');
  const models = await ask('models', address);
  const samplers = await ask('samplers', address);
  const schedulers = await ask('schedulers', address);
  const upscalers = await ask('upscalers', address);
  assert.ok(models.some((model) => model.value === 'Demo' && model.text === 'Demo'), JSON.stringify(models));
  assert.ok(samplers.includes('Euler a') && samplers.every((name) => typeof name === 'string'), JSON.stringify(samplers));
  assert.ok(schedulers.includes('karras'), JSON.stringify(schedulers));
  assert.deepEqual([upscalers[0], upscalers[1]], ['None', 'Latent']);
  assert.ok(upscalers.includes('Demo 4x'), JSON.stringify(upscalers));
  assert.ok(Array.isArray(await ask('vaes', address)));
  assert.ok((await ask('sd-next/upscalers', address)).includes('Lanczos'));

  const begin = Date.now();
  await ask('set-model', { ...address, model: 'Demo' });
  // SillyTavern looks ten times, two seconds apart, until nothing runs.
  assert.ok(Date.now() - begin < 10000, 'set-model waited although nothing runs');
  assert.equal(await ask('get-model', address), 'Demo');

  // The body of SillyTavern's page with its default settings.
  const generated = await ask('generate', {
    ...address, prompt, negative_prompt: '', sampler_name: 'Euler', scheduler: 'automatic', steps: 8, cfg_scale: 1, width: 64, height: 64,
    restore_faces: false, enable_hr: false, hr_upscaler: 'Latent', hr_scale: 1, hr_additional_modules: [], denoising_strength: 0.7,
    hr_second_pass_steps: 0, seed: 1, override_settings: { CLIP_stop_at_last_layers: 1 }, override_settings_restore_afterwards: true, clip_skip: 1,
    save_images: true, send_images: true, do_not_save_grid: false, do_not_save_samples: false,
  });
  await showsRedCircle(generated.images[0]);
  assert.equal(generated.parameters.auth, undefined);
  const hires = await ask('generate', {
    ...address, prompt, sampler_name: 'N/A', scheduler: 'N/A', steps: 8, cfg_scale: 1, width: 64, height: 64, enable_hr: true,
    hr_upscaler: 'Demo 4x', hr_scale: 2, denoising_strength: 0.4, seed: 1,
  });
  await showsRedCircle(hires.images[0]);
  assert.equal(JSON.parse(hires.info).width, 128);
}

async function driveStableDiffusionCpp(address) {
  assert.equal((await post('sdcpp/ping', address)).status, 200);
  const models = await ask('sdcpp/models', address);
  assert.ok(models.data.some((model) => model.id === 'demo' && model.name === 'Demo'), JSON.stringify(models));
  const generated = await ask('sdcpp/generate', {
    ...address, model: 'demo', prompt, negative_prompt: '', width: 64, height: 64, steps: 8, cfg_scale: 1, seed: 1, batch_size: 1, sampler_name: 'euler_a',
    scheduler: 'karras', clip_skip: 1,
  });
  await showsRedCircle(typeof generated === 'string' ? generated : generated.images[0]);
}

// SillyTavern tells the studio to stop when its page goes away.
async function leave(address, studio) {
  const gone = new AbortController();
  const generating = fetch(`http://127.0.0.1:${port}/api/sd/generate`, {
    method: 'POST', headers: { 'Content-Type': 'application/json' }, signal: gone.signal,
    body: JSON.stringify({ ...address, prompt: 'an endless circle', steps: 1000, width: 256, height: 256, cfg_scale: 1 }),
  });
  const jobs = async () => (await (await fetch(`${studio}/api/queue`)).json());
  const find = (list, status) => JSON.stringify(list).includes(`"status":"${status}"`);
  while (!find(await jobs(), 'processing')) { /* until it runs */ }
  gone.abort();
  await generating.catch(() => {});
  while (!find(await jobs(), 'cancelled')) { /* until it has stopped */ }
}

try {
  while (true) {
    assert.ok(!ended, 'SillyTavern ended');
    if (await fetch(`http://127.0.0.1:${port}/version`).then((response) => response.ok, () => false)) {
      break;
    }
    await new Promise((again) => setTimeout(again, 100));
  }

  await driveAuto({ url: open, auth: '' });
  await driveAuto({ url: locked, auth: `anybody:${key}` });
  const refused = await post('ping', { url: locked, auth: 'anybody:wrong' });
  assert.equal(refused.status, 500);
  await driveStableDiffusionCpp({ url: open });
  await leave({ url: open, auth: '' }, open);
  console.log('SillyTavern: all steps passed');
} catch (error) {
  console.log(output.slice(-3000));
  throw error;
} finally {
  tavern.kill('SIGKILL');
}
