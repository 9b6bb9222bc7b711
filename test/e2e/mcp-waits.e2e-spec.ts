import { PassThrough } from 'node:stream';
import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import { Client } from '@modelcontextprotocol/client';
import { StdioServerTransport } from '@modelcontextprotocol/server/stdio';
import { IsInt, IsString } from 'class-validator';
import { McpStdio } from '../../src/api/mcp/index.js';
import { type Flow, Workflow } from '../../src/workflow/index.js';
import { Bench, makeWorkflowsModule } from '../support/bench.js';
import { catchRejection, eventually } from '../support/checks.js';
import { postJson } from '../support/client.js';
import { readRun } from '../support/logged.js';
import * as mcp from '../support/mcp-clients.js';
import { scriptStream } from '../support/upstream/index.js';
import { delay, gate } from '../support/upstream/steps.js';

class Price {
  @IsInt()
  euros!: number;
}

class Parcel {
  @IsString({ each: true })
  labels!: string[];
}

@Workflow({ id: 'order', description: 'Asks for a price and for labels at once' })
class OrderWorkflow {
  define(flow: Flow) {
    const price = flow.interrupt('price', { article: 'a chair' }, Price);
    const parcel = flow.interrupt('parcel', {}, Parcel);
    return flow.run('sum', { price, parcel }, (values) => `${values.price.euros}: ${values.parcel.labels.join('+')}`);
  }
}

describe('workflows that wait for answers, as tools of MCP', () => {
  let bench: Bench;
  const clients = new mcp.McpClients();
  beforeAll(async () => {
    bench = await Bench.start({ imports: [makeWorkflowsModule(OrderWorkflow)], env: { RUNS_LEAVE_GRACE_MS: '1' } });
  });
  afterAll(async () => {
    await clients.close();
    await bench.close();
  });

  it('ask the user of a client of the newest version, again if the answer does not fit', async () => {
    const asked: string[] = [];
    const client = await clients.keep(
      mcp.connectNew(bench.app.url, 'auto', {
        elicit: (message) => {
          asked.push(message);
          if (message.includes('parcel')) return { action: 'accept', content: { labels: '["a", "b"]' } };
          return { action: 'accept', content: { euros: asked.length <= 2 ? 1.5 : 7 } };
        },
      }),
    );
    expect(mcp.readCallText(await client.call('order', {}))).toBe('7: a+b');
    expect(asked[0]).toMatch(/answer: price\n\narticle: a chair/);
    expect(asked.filter((message) => message.includes('does not fit'))).not.toEqual([]);
  });

  it('say how to answer them if nobody does, and continue when somebody does', async () => {
    const client = await clients.keep(mcp.connectNew(bench.app.url, 'auto', { elicit: () => ({ action: 'decline' }) }));
    bench.upstream.next(scriptStream('A draft'));
    const called = await client.call('approval', { input: 'We move' });
    const run = String(called._meta?.['millrace/run']);
    expect(mcp.readCallText(called)).toContain(`POST /v1/runs/${run}/waits/approve`);
    expect((await readRun(bench.app, run)).status).toBe('waiting');
    // The run continues without a reader.
    bench.upstream.next(scriptStream(['Out ', delay(100), 'it goes']));
    await postJson(`${bench.app.baseUrl}/runs/${run}/waits/approve`, { value: { approved: true } });
    const ended = await eventually(async () => {
      const now = await readRun(bench.app, run);
      return now.status === 'completed' ? now : undefined;
    });
    expect(ended.output).toContain('Out it goes');
  });

  it('say so to clients that cannot ask anybody', async () => {
    const client = await clients.keep(mcp.connectOld(bench.app.url));
    bench.upstream.next(scriptStream('A draft'));
    const called = await client.call('approval', { input: 'We move' });
    expect(called.isError).not.toBe(true);
    expect(mcp.readCallText(called)).toMatch(/^A draft\n.*waits for an answer from a person/);
    expect(called._meta?.['millrace/waits']).toMatchObject([{ name: 'approve', shown: { draft: 'A draft' } }]);
  });

  it('end when their client leaves while they are at work', async () => {
    const client = await clients.keep(mcp.connectNew(bench.app.url, 'auto'));
    const before = bench.upstream.requests.length;
    bench.upstream.next(scriptStream(['A draft', gate()]));
    const abort = new AbortController();
    const calling = catchRejection(client.call('approval', { input: 'We move' }, { signal: abort.signal }));
    const asked = await bench.upstream.request(before);
    abort.abort();
    expect(await asked.closed).toBe('aborted');
    await calling;
  });

  it('refuse a run id that the client has made up', async () => {
    const meta = {
      'io.modelcontextprotocol/protocolVersion': '2026-07-28',
      'io.modelcontextprotocol/clientInfo': { name: 'test', version: '1' },
      'io.modelcontextprotocol/clientCapabilities': { elicitation: {} },
    };
    const params = { name: 'order', arguments: {}, requestState: 'run_0123', inputResponses: {}, _meta: meta };
    const { text } = await mcp.postMessage(
      bench.app.url,
      { jsonrpc: '2.0', id: 1, method: 'tools/call', params },
      { 'mcp-protocol-version': '2026-07-28', 'mcp-method': 'tools/call', 'mcp-name': 'order' },
    );
    expect(mcp.readMessages(text)[0]).toMatchObject({ result: { isError: true } });
    expect(text).toContain('No run of yours waits');
  });

  it('are served over streams to a client of the newest version, whose user answers', async () => {
    const [input, output] = [new PassThrough(), new PassThrough()];
    const end = new AbortController();
    const serving = bench.app.get(McpStdio).serve({ input, output, signal: end.signal });
    const client = new Client(
      { name: 'test', version: '1' },
      { versionNegotiation: { mode: { pin: '2026-07-28' } }, capabilities: { elicitation: {} } },
    );
    client.setRequestHandler('elicitation/create', ({ params }) =>
      params.message.includes('price')
        ? { action: 'accept', content: { euros: params.message.includes('does not fit') ? 3 : 'three' } }
        : { action: 'accept', content: { labels: '["x"]' } },
    );
    // StdioServerTransport serves for a client, too, because both sides write lines of the same form.
    await client.connect(new StdioServerTransport(output, input));
    const called = (await client.callTool({ name: 'order', arguments: {} })) as unknown as mcp.Called;
    expect(mcp.readCallText(called)).toBe('3: x');
    await client.close();
    end.abort();
    await serving;
  });
});
