/** Loaded before the page is painted, so that it does not flash in the wrong colours. */
import { readTheme, showTheme } from './theme.js';

showTheme(readTheme());
