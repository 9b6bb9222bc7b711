import { API_ROOT } from '../../http/index.js';

/** The path of models. */
export const MODELS_PATH = `${API_ROOT}/models`;
