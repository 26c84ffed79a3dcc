// The settings of an image in the text form that Automatic1111 and its relatives write.
import { api } from './api.js';
import { parameters, typedOf } from './parameters.js';
import { models } from './store.js';

const settingPattern = /([\w][\w \-/]*):\s*("(?:\\.|[^\\"])+"|[^,]*)(?:,|$)/g;

// "DPM++ 2M", "dpm++2m" and "k_dpmpp_2m" are one name.
const plain = text => text.trim().toLowerCase().replaceAll('++', 'pp').replace(/^k_/, '').replace(/[ _-]/g, '');
const aliases = { normal: 'discrete', uniform: 'discrete', aligning: 'ays', alignyoursteps: 'ays', ddim: 'ddimtrailing', eulerancestral: 'eulera' };
const find = (names, text) => names.find(name => plain(name) === (aliases[plain(text)] ?? plain(text)));

/** Whether a text is one of these. @param {string} text */
export const isInfotext = text => /(^|\n)\s*(Steps|Seed|Size): [^\n]*, [^\n]*(Seed|Size|Sampler|Steps|Model)[^\n]*$/.test(text.trim());

/** What a draft takes of it. @param {string} text */
export function parse(text) {
  const lines = text.trim().split('\n');
  /** @type {Record<string, string>} */
  const settings = {};
  const at = lines.findLastIndex(line => (line.match(settingPattern) ?? []).length >= 3 && /(Steps|Seed|Size): /.test(line));
  const told = at >= 0 ? lines.slice(0, at) : lines;
  if (at >= 0) for (const [, name, value] of lines[at].matchAll(settingPattern)) settings[name.trim()] = value.trim().replace(/^"|"$/g, '');
  const negative = told.findIndex(line => line.startsWith('Negative prompt: '));
  let prompt = (negative < 0 ? told : told.slice(0, negative)).join('\n').trim();
  const found = [];
  prompt = prompt.replace(/\s*<lora:([^:>]+)(?::(-?[\d.]+))?[^>]*>/g, (_, name, weight) => {
    found.push({ name, weight: Number(weight ?? 1) });
    return '';
  });
  const [width = '', height = ''] = (settings.Size ?? '').split('x');
  const rows = parameters.value.filter(({ row }) => row.infotext_label in settings);
  const valueOf = ({ name, kind, row }) => {
    const value = settings[row.infotext_label];
    if (kind === 'flag') return /^true$/i.test(value);
    // Older programs write the schedule behind the sampler.
    return row.values ? find(row.values, value) ?? (name === 'sampler' ? find(row.values, value.split(' ').slice(0, -1).join(' ')) : undefined) : value;
  };
  const model = models.value?.find(known => settings.Model && [plain(known.id), plain(known.name)].includes(plain(settings.Model)));
  return {
    prompt, negative_prompt: negative < 0 ? '' : told.slice(negative).join('\n').slice('Negative prompt: '.length), loras: found, width, height,
    seed: settings.Seed ?? '', randomSeed: !settings.Seed, ...Object.fromEntries(rows.map(parameter => [parameter.name, typedOf(parameter, valueOf(parameter))])),
    ...(model ? { model: model.id } : {}),
  };
}

/** The infotext inside a file; empty for none. @param {Blob} file @returns {Promise<string>} */
export async function infotextOf(file) {
  const image = await new Promise((resolve, reject) => {
    const reader = new FileReader();
    reader.onload = () => resolve(reader.result);
    reader.onerror = () => reject(reader.error);
    reader.readAsDataURL(file);
  });
  return (await api('POST', '/sdapi/v1/png-info', { image })).info ?? '';
}
