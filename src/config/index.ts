export { AppConfig, LOG_LEVELS } from './app-config.js';
export { loadConfig } from './environment.js';
