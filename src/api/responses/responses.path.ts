import { API_ROOT } from '../../http/index.js';

/** The path of responses. */
export const RESPONSES_PATH = `${API_ROOT}/responses`;
