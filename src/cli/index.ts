export { findApplication } from './application/find-module.js';
export { openModule } from './application/open-module.js';
export { EXIT } from './cli-environment.js';
export { CliError } from './cli-error.js';
export { findProject } from './project.js';
export { runCli } from './run-cli.js';
