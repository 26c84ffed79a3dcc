// The official client of the Model Context Protocol. Arguments: the studio's address, the address of one that needs a key, that key.
import assert from 'node:assert/strict';
import { Client } from '@modelcontextprotocol/sdk/client/index.js';
import { StreamableHTTPClientTransport } from '@modelcontextprotocol/sdk/client/streamableHttp.js';
import sharp from 'sharp';
import { prompt, showsRedCircle } from './image.mjs';

const [open, locked, key] = process.argv.slice(2);

async function connect(address, headers = {}) {
  const client = new Client({ name: 'sdstudio-tests', version: '1.0.0' });
  await client.connect(new StreamableHTTPClientTransport(new URL(`${address}/mcp`), { requestInit: { headers } }));
  return client;
}

const client = await connect(open);
const tools = (await client.listTools()).tools.map((tool) => tool.name);
assert.deepEqual(tools, ['generate_image', 'edit_image', 'upscale_image', 'generate_video', 'get_job', 'cancel_job', 'list_models', 'search_images']);
const call = (name, args, more) => client.callTool({ name, arguments: args }, undefined, more);

const models = await call('list_models', {});
assert.ok(models.structuredContent.models.some((model) => model.id === 'demo'));

// The first thing that a host is told is the job's id.
const told = [];
const generated = await call('generate_image', { prompt, model: 'demo', size: '128x128', steps: 8, seed: 1, wait_seconds: 300 }, { onprogress: (progress) => told.push(progress), timeout: 300000 });
assert.ok(!generated.isError, JSON.stringify(generated));
assert.equal(told[0].message, `Job ${generated.structuredContent.job_id}`);
assert.equal(generated.structuredContent.status, 'completed');
const [image] = generated.structuredContent.images;
const preview = generated.content.find((block) => block.type === 'image');
assert.equal(preview.mimeType, 'image/webp');
assert.equal((await sharp(Buffer.from(preview.data, 'base64')).metadata()).format, 'webp');
assert.equal(generated.content.find((block) => block.type === 'resource_link').uri, `sdstudio://images/${image.id}`);
const read = await client.readResource({ uri: image.uri });
assert.equal(read.contents[0].mimeType, 'image/png');
await showsRedCircle(read.contents[0].blob);
await showsRedCircle(Buffer.from(await (await fetch(image.url)).arrayBuffer()).toString('base64'));
assert.ok((await client.listResources()).resources.some((resource) => resource.uri === image.uri));
assert.equal((await client.listResourceTemplates()).resourceTemplates[0].uriTemplate, 'sdstudio://images/{id}');

const found = await call('search_images', { query: 'blue circle', limit: 5 });
assert.ok(found.structuredContent.images.some((other) => other.id === image.id));
const edited = await call('edit_image', { source_image_id: image.id, prompt: 'a green circle on a blue background', strength: 0.9, steps: 8, wait_seconds: 300 }, { timeout: 300000 });
assert.equal(edited.structuredContent.status, 'completed', JSON.stringify(edited));
const larger = await call('upscale_image', { image: read.contents[0].blob, upscale_factor: 2, wait_seconds: 300 }, { timeout: 300000 });
assert.equal(larger.structuredContent.images[0].width, 256, JSON.stringify(larger));

// Long work: the id at once, and later its end.
const long = await call('generate_image', { prompt, model: 'demo', size: '256x256', steps: 1000, wait_seconds: 0 });
assert.ok(['pending', 'processing'].includes(long.structuredContent.status), JSON.stringify(long));
const id = long.structuredContent.job_id;
assert.equal((await call('cancel_job', { job_id: id })).structuredContent.job_id, id);
const ended = await call('get_job', { job_id: id, wait_seconds: 300 }, { timeout: 300000 });
assert.equal(ended.structuredContent.status, 'cancelled');

// What is wrong is a sentence for the model, and no model is fetched for its name.
const refused = await call('generate_image', { prompt, model: 'nobody' });
assert.ok(refused.isError && refused.content[0].text.includes('nobody'), JSON.stringify(refused));
const misspelt = await call('generate_image', { prompt, sze: '64x64' });
assert.ok(misspelt.isError && misspelt.content[0].text.includes("'sze'"), JSON.stringify(misspelt));
await assert.rejects(client.readResource({ uri: 'sdstudio://images/none' }), /no image/);

await assert.rejects(connect(locked), /401|API key/);
const owner = await connect(locked, { Authorization: `Bearer ${key}` });
assert.ok(!(await owner.callTool({ name: 'search_images', arguments: {} })).structuredContent.images.some((other) => other.id === image.id));
await owner.close();
await client.close();
console.log('all steps passed');
