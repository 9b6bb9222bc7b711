export { EXIT } from './cli-environment.js';
export { type CliEnvironment, runCli } from './run-cli.js';
