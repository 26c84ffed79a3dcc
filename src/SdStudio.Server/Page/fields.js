import { get } from './api.js';
import { button, el, icon, labelled, options, store, stored } from './dom.js';

const shapes = [['1:1', 1, 1], ['3:4', 3, 4], ['4:3', 4, 3], ['9:16', 9, 16], ['16:9', 16, 9]];
const times = (width, height) => `${width}×${height}`;

// Sizes with as many pixels as the model's own, in steps that its family draws well.
function presets(own) {
  const [width, height] = own.split('x').map(Number);
  const area = width * height;
  const step = area >= 512 * 512 ? 64 : 16;
  const side = length => Math.max(step, Math.round(length / step) * step);
  const others = shapes.map(([name, across, down]) => [name, side(Math.sqrt(area * across / down)), side(Math.sqrt(area * down / across))]);
  return width === height ? [['1:1', width, height], ...others.slice(1)] : [['own', width, height], ...others];
}

export function sizeField() {
  const choices = el('div', { class: 'shapes' });
  const [width, height] = ['Width', 'Height'].map(name => el('input', { type: 'number', min: 8, step: 8, 'aria-label': `${name}, pixels`, value: 512 }));
  const own = el('div', { class: 'row', hidden: true }, labelled('Width', width),
    button(null, () => { [width.value, height.value] = [height.value, width.value]; }, { icon: 'swap', label: 'Swap width and height' }), labelled('Height', height));
  const element = el('fieldset', { class: 'plain' }, el('legend', {}, 'Size'), choices, own);
  const chosen = () => choices.querySelector('input:checked')?.value;
  const toggle = () => { own.hidden = chosen() !== 'other'; };

  function choice(value, name, across, down, isOn) {
    const picture = el('i', { class: 'shape' });
    if (across) {
      picture.style.width = `${1.3 * Math.min(1, across / down)}rem`;
      picture.style.height = `${1.3 * Math.min(1, down / across)}rem`;
    }
    return el('label', {}, el('input', { type: 'radio', name: 'shape', value, checked: isOn, onchange: toggle }), el('span', { class: 'chip' },
      across ? picture : icon('swap'), el('b', {}, name), across > 0 && el('small', {}, times(across, down))));
  }

  return {
    element,
    get value() { return chosen() === 'other' ? `${width.value}x${height.value}` : chosen(); },
    set value(size) {
      const known = [...choices.querySelectorAll('input')].find(input => input.value === size);
      if (!known) [width.value, height.value] = size.split('x');
      (known ?? choices.querySelector('input[value=other]')).checked = true;
      toggle();
    },
    suit(model, limits) {
      const before = chosen();
      const list = presets(model.default_size);
      const kept = list.some(([, across, down]) => `${across}x${down}` === before) || before === 'other' ? before : `${list[0][1]}x${list[0][2]}`;
      for (const side of [width, height]) side.max = limits.max_side;
      choices.replaceChildren(...list.map(([name, across, down]) => choice(`${across}x${down}`, name, across, down, `${across}x${down}` === kept)), choice('other', 'Other', 0, 0, kept === 'other'));
      toggle();
    },
  };
}

// Drawn with once when it was typed or rolled, each time when it is locked; a new one of the server's otherwise.
export function seedField() {
  const input = el('input', { name: 'seed', type: 'number', min: 0, max: Number.MAX_SAFE_INTEGER, placeholder: 'random', oninput: () => { isFresh = input.value !== ''; } });
  let isFresh = false;
  const lock = button(null, () => { setLocked(!isLocked()); }, { icon: 'unlock', label: 'Keep this seed', 'aria-pressed': 'false', id: 'lock' });
  const isLocked = () => lock.getAttribute('aria-pressed') === 'true';
  function setLocked(on) {
    lock.setAttribute('aria-pressed', on);
    lock.replaceChildren(icon(on ? 'lock' : 'unlock'));
  }
  const dice = button(null, () => { [input.value, isFresh] = [Math.floor(Math.random() * 2 ** 32), true]; }, { icon: 'dice', label: 'Roll a seed' });
  return {
    element: el('div', { class: 'joined' }, labelled('Seed', input), dice, lock),
    take() {
      const given = (isLocked() || isFresh) && input.value !== '' ? Number(input.value) : undefined;
      isFresh = false;
      return given;
    },
    drawn(seed) { if (!isLocked() && !isFresh) input.value = seed; },
    set(seed, locked) {
      input.value = seed ?? '';
      isFresh = seed !== undefined && seed !== null;
      setLocked(locked);
    },
    get isLocked() { return isLocked(); },
  };
}

// What was written before, newest first.
export function earlier(name, what, field) {
  const list = el('ul', { class: 'earlier', id: name, hidden: true, 'aria-label': `Earlier ${what}s` });
  const toggle = button('Earlier', () => open(list.hidden), { icon: 'clock', class: 'quiet small', 'aria-expanded': 'false', 'aria-controls': name, label: `Earlier ${what}s` });
  const read = () => stored(`sdstudio.${name}`, []);
  function open(on) {
    list.hidden = !on;
    toggle.setAttribute('aria-expanded', on);
    if (on) fill();
  }
  function fill() {
    toggle.hidden = read().length === 0;
    list.replaceChildren(...read().map(text => el('li', {}, button(text, () => {
      field.value = text;
      open(false);
      field.focus();
    }))), el('li', {}, button('Forget them', () => { store(`sdstudio.${name}`, []); fill(); open(false); field.focus(); }, { icon: 'trash', class: 'quiet' })));
  }
  list.addEventListener('keydown', event => {
    if (event.key !== 'Escape') return;
    open(false);
    toggle.focus();
  });
  fill();
  return {
    toggle, list,
    add(text) {
      if (!text) return;
      store(`sdstudio.${name}`, [text, ...read().filter(other => other !== text)].slice(0, 50));
      fill();
      open(false);
    },
  };
}

export function loraField() {
  const chosen = el('ul', { class: 'rows' });
  const add = el('select', { id: 'loras', 'aria-label': 'Add a LoRA', onchange: () => { put(add.value, 1); add.value = ''; } });
  const element = el('fieldset', { class: 'plain', hidden: true }, el('legend', {}, 'LoRAs'), chosen, add);

  function put(name, weight) {
    if ([...chosen.children].some(row => row.dataset.name === name)) return;
    const shown = el('output', {}, weight.toFixed(2));
    const range = el('input', { type: 'range', min: -2, max: 2, step: 0.05, value: weight, 'aria-label': `Weight of ${name}`, oninput: () => { shown.value = Number(range.value).toFixed(2); } });
    const row = el('li', {}, el('span', { class: 'name' }, name), range, shown, button(null, () => { row.remove(); add.focus(); }, { icon: 'close', label: `Leave out ${name}`, class: 'quiet' }));
    row.dataset.name = name;
    chosen.append(row);
  }

  return {
    element,
    async load() {
      const names = await get('/sdapi/v1/loras');
      element.hidden = names.length === 0;
      options(add, [['', 'Add a LoRA'], ...names.map(lora => [lora.name])]);
    },
    get value() { return [...chosen.children].map(row => ({ name: row.dataset.name, weight: Number(row.querySelector('input').value) })); },
    set value(loras) {
      chosen.replaceChildren();
      for (const { name, weight } of loras ?? []) put(name, weight);
    },
  };
}
