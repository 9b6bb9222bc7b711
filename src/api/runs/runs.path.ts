import { API_ROOT } from '../../http/index.js';

/** The path of runs. */
export const RUNS_PATH = `${API_ROOT}/runs`;
