import { Module } from '@nestjs/common';
import { AccessModule } from '../../access/index.js';
import { Doors, HttpModule, RunRoutes } from '../../http/index.js';
import { RunsModule } from '../../runs/index.js';
import { WireModule } from '../wire/index.js';
import { LoggedCalls } from './calls/logged-calls.service.js';
import { McpController } from './mcp.controller.js';
import { McpExchanges, SESSION_HEADER } from './mcp-exchange.service.js';
import { MCP_PATH } from './mcp.path.js';
import { McpStdio } from './mcp-stdio.service.js';
import { OpenCalls } from './open-calls.service.js';
import { ToolCatalog } from './tools/tool-catalog.service.js';

/** The door of the Model Context Protocol: `POST /mcp`, and the same over stdio for the command line. */
@Module({
  imports: [AccessModule, HttpModule, RunsModule, WireModule],
  providers: [LoggedCalls, McpController, McpExchanges, McpStdio, OpenCalls, ToolCatalog],
})
export class McpModule {
  constructor(doors: Doors, controller: McpController, routes: RunRoutes) {
    doors.open(controller, { exposedHeaders: [SESSION_HEADER] });
    routes.add(MCP_PATH);
  }
}
