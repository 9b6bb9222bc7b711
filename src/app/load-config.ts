import { type AppConfig, readConfig } from '../config/index.js';
import { VENDORS } from '../models/openai/vendors/index.js';

/**
 * Reads the configuration of the service, and of all providers of models, from environment variables.
 * @throws ConfigurationError listing every variable that is wrong
 */
export function loadConfig(variables: Readonly<Record<string, string | undefined>>): AppConfig {
  return readConfig(variables, Object.values(VENDORS));
}
