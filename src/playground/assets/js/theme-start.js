/** Loaded before the page is painted, so that it does not flash in the wrong colours. */
import { keptTheme, showTheme } from './theme.js';

showTheme(keptTheme());
