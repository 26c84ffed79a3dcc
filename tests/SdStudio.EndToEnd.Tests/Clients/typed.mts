// What a client typed by openapi-typescript does. Arguments: the server's address, its key.
import createClient from 'openapi-fetch';
import type { components, paths } from './schema.mjs';

const [address, key] = process.argv.slice(2) as [string, string];
const studio = createClient<paths>({ baseUrl: address, headers: { 'X-API-Key': key } });

function check(what: string, holds: boolean): void {
  console.log(`${holds ? 'ok' : 'FAILED'}: ${what}`);
  if (!holds) process.exit(1);
}

// After five minutes the answer is 202, and the status that of the job.
function imageOf(answer: components['schemas']['GenerateResponse'] | undefined): string {
  if (answer?.status !== 'completed') throw new Error(`no image yet: ${JSON.stringify(answer)}`);
  return answer.data[0]!.id;
}

const isPng = (image: ArrayBuffer) => Buffer.from(image).subarray(1, 4).toString() === 'PNG';

const generated = await studio.POST('/api/generate', { body: { model: 'demo', prompt: 'a red circle', size: '64x64', steps: 2 } });
const first = await studio.GET('/api/images/{imageId}', { params: { path: { imageId: imageOf(generated.data) } }, parseAs: 'arrayBuffer' });
check('an image', isPng(first.data!));
const sent: components['schemas']['EditBody'] = { prompt: 'a green circle', size: '64x64', steps: 2, image: Buffer.from(first.data!).toString('base64') };
const edited = await studio.POST('/api/edit', { body: sent });
const second = await studio.GET('/api/images/{imageId}/thumbnail', {
  params: { path: { imageId: imageOf(edited.data) }, query: { size: 64 } }, parseAs: 'arrayBuffer',
});
check('an edit', Buffer.from(second.data!).subarray(0, 4).toString() === 'RIFF');
const listed = await studio.GET('/api/generations', { params: { query: { limit: 1, status: 'completed', type: 'edit' } } });
check('a list', listed.data!.length === 1 && listed.data![0]!.status === 'completed');
const painted = await studio.POST('/sdapi/v1/txt2img', { body: { prompt: 'a red circle', width: 64, height: 64, steps: 2 } });
check("A1111's", isPng(new Uint8Array(Buffer.from(painted.data!.images[0]!, 'base64')).buffer));
const form = await studio.POST('/v1/images/edits', {
  body: { image: 'first.png', prompt: 'a green circle', size: '64x64' },
  bodySerializer: (fields) => {
    const data = new FormData();
    for (const [name, value] of Object.entries(fields)) data.set(name, name === 'image' ? new Blob([first.data!], { type: 'image/png' }) : String(value));
    return data;
  },
});
check("OpenAI's form", isPng(new Uint8Array(Buffer.from(form.data!.data[0]!.b64_json!, 'base64')).buffer));
const wrong = await studio.POST('/api/generate', { body: { model: 'demo', prompt: 'a red circle', steps: 0 } });
check(`an error: ${wrong.error?.error}`, wrong.response.status === 400 && wrong.error!.error.includes("steps is '0'"));
console.log('all steps passed');
