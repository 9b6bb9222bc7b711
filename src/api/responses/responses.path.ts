import { API_ROOT } from '../../http/index.js';

/** Where responses are asked for. */
export const RESPONSES_PATH = `${API_ROOT}/responses`;
