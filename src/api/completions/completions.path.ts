import { API_ROOT } from '../../http/index.js';

/** The path of chat completions. */
export const COMPLETIONS_PATH = `${API_ROOT}/chat/completions`;
