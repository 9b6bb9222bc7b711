export { type CliEnvironment, runCli } from './run-cli.js';
