import { browserStore } from './storage.js';

/** @typedef {'system' | 'light' | 'dark'} Theme */

const KEY = 'millrace-theme';
/** @type {readonly Theme[]} */
const THEMES = ['system', 'light', 'dark'];
const WORDS = { system: 'as the system', light: 'light', dark: 'dark' };

/** Reads the colours that were chosen before. @returns {Theme} */
export function readTheme() {
  const kept = browserStore.get(KEY);
  return THEMES.find((theme) => theme === kept) ?? 'system';
}

/** Shows the page in these colours. @param {Theme} theme */
export function showTheme(theme) {
  if (theme === 'system') delete document.documentElement.dataset['theme'];
  else document.documentElement.dataset['theme'] = theme;
}

/** Lets a button go through the choices. @param {HTMLElement} button */
export function setUpThemeButton(button) {
  let theme = readTheme();
  const label = () => {
    button.setAttribute('aria-label', `Colours: ${WORDS[theme]}`);
    button.title = `Colours: ${WORDS[theme]}`;
  };
  label();
  button.addEventListener('click', () => {
    const isDark = matchMedia('(prefers-color-scheme: dark)').matches;
    // The first click always changes what is shown, whatever the system's theme is.
    const order = isDark ? ['system', 'light', 'dark'] : ['system', 'dark', 'light'];
    theme = /** @type {Theme} */ (order[(order.indexOf(theme) + 1) % order.length]);
    browserStore.set(KEY, theme);
    showTheme(theme);
    label();
  });
}
