import type { Readable, Writable } from 'node:stream';
import { Injectable } from '@nestjs/common';
import { AccessControl } from '../../access/index.js';
import { Clock, IdSource } from '../../kernel/index.js';
import { RunService } from '../../runs/index.js';
import { Gate } from '../../streaming/index.js';
import { StdioCalls } from './calls/stdio-calls.js';
import type { McpToolCall } from './calls/tool-call.js';
import { makeServer } from './make-server.js';
import { decodeArguments } from './mcp.decoder.js';
import { ToolCatalog } from './tools/tool-catalog.service.js';

/** Where a client reads and writes. */
interface StdioConnection {
  readonly input: Readable;
  readonly output: Writable;
  /** Aborts to end the connection. */
  readonly signal: AbortSignal;
}

/** Serves the protocol to the one client that has started this process: it may use every workflow, without limits. */
@Injectable()
export class McpStdio {
  constructor(
    private readonly runs: RunService,
    private readonly clock: Clock,
    private readonly ids: IdSource,
    private readonly access: AccessControl,
    private readonly catalog: ToolCatalog,
  ) {}

  /** @returns when the client has closed its end, or the signal has aborted */
  async serve({ input, output, signal }: StdioConnection): Promise<void> {
    const { serveStdio, StdioServerTransport } = await import('@modelcontextprotocol/server/stdio');
    const gate = new Gate();
    const { runs, clock, ids, catalog } = this;
    const calls = new StdioCalls({ runs, clock, ids, gate });
    const call = (asked: McpToolCall) => {
      const told: McpToolCall = {
        ...asked,
        notify: (notification) => {
          asked.notify(notification);
          holdUntilRead(output, gate);
        },
      };
      if (told.answers !== undefined) return calls.goOn(told, told.answers);
      return calls.begin(told, decodeArguments(told.args, told.tool.workflow));
    };
    const served = { catalog, caller: this.access.application, call: async (asked: McpToolCall) => call(asked) };
    const handle = serveStdio(() => makeServer({ ...served, onFailure: () => undefined }), {
      transport: new StdioServerTransport(input, output),
    });
    await new Promise<void>((resolve) => {
      const end = (): void => resolve();
      signal.addEventListener('abort', end);
      for (const event of ['end', 'close', 'error']) input.once(event, end);
      output.once('error', end);
      if (signal.aborted || input.readableEnded || input.destroyed) end();
    });
    gate.open();
    calls.close();
    await handle.close();
  }
}

/** A client that does not read gets no more. */
function holdUntilRead(output: Writable, gate: Gate): void {
  if (!output.writableNeedDrain || !gate.isOpen) return;
  gate.close();
  output.once('drain', () => gate.open());
}
