import { API_ROOT } from '../../http/index.js';

/** Where chat completions are asked for. */
export const COMPLETIONS_PATH = `${API_ROOT}/chat/completions`;
