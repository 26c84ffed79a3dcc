// Light, dark, or as the system has it.
import { computed, effect, signal } from '../lib.js';

const keptName = 'sdstudio.theme';
const system = matchMedia('(prefers-color-scheme: dark)');
const systemIsDark = signal(system.matches);
system.addEventListener('change', () => { systemIsDark.value = system.matches; });

/** light, dark, or '' for the system's. */
export const theme = signal(localStorage.getItem(keptName) ?? '');
export const isDark = computed(() => theme.value === 'dark' || (theme.value === '' && systemIsDark.value));
effect(() => { document.documentElement.dataset.theme = theme.value; });

export function chooseTheme(name) {
  theme.value = name;
  localStorage.setItem(keptName, name);
}
