import { Module } from '@nestjs/common';
import { AccessModule } from '../../access/index.js';
import { Doors, HttpModule, RunRoutes } from '../../http/index.js';
import { RunsModule } from '../../runs/index.js';
import { WireModule } from '../wire/index.js';
import { LoggedCalls } from './calls/logged-calls.js';
import { McpController } from './mcp.controller.js';
import { McpExchanges } from './mcp-exchange.js';
import { MCP_PATH } from './mcp.path.js';
import { McpStdio } from './mcp-stdio.js';
import { OpenCalls } from './open-calls.js';
import { ToolCatalog } from './tools/tool-catalog.js';

/** The door of the Model Context Protocol: `POST /mcp`, and the same over stdio for the command line. */
@Module({
  imports: [AccessModule, HttpModule, RunsModule, WireModule],
  providers: [LoggedCalls, McpController, McpExchanges, McpStdio, OpenCalls, ToolCatalog],
})
export class McpModule {
  constructor(doors: Doors, controller: McpController, routes: RunRoutes) {
    doors.open(controller);
    routes.add(MCP_PATH);
  }
}
