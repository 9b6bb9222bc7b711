export { McpModule } from './mcp.module.js';
export { McpStdio } from './mcp-stdio.service.js';
