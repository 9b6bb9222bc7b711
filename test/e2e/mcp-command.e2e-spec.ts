import { beforeAll, describe, expect, it } from '@jest/globals';
import { Client as OldClient } from '@modelcontextprotocol/sdk/client/index.js';
import { StdioClientTransport } from '@modelcontextprotocol/sdk/client/stdio.js';
import { ElicitRequestSchema } from '@modelcontextprotocol/sdk/types.js';
import * as mcp from '../support/mcp-clients.js';
import { ensureServerIsBuilt } from '../support/server-process.js';
import { CLI, DIST } from '../support/places.js';

/** An author's code that starts to log after the conversation has begun. */
const NOISE = `const { write } = process.stdout;
setInterval(() => process.stdout.write === write || console.log('noise'), 5).unref();`;

describe('millrace mcp', () => {
  beforeAll(ensureServerIsBuilt, 120_000);

  it('serves workflows over stdin and stdout to an older client, whose user answers', async () => {
    const client = new OldClient({ name: 'test', version: '1' }, { capabilities: { elicitation: {} } });
    const asked: unknown[] = [];
    client.setRequestHandler(ElicitRequestSchema, ({ params }) => {
      asked.push(params.message);
      return { action: 'accept', content: { approved: true } };
    });
    const faults: Error[] = [];
    // The SDK has no addEventListener.
    // eslint-disable-next-line unicorn/prefer-add-event-listener
    client.onerror = (fault) => void faults.push(fault);
    const transport = new StdioClientTransport({
      command: process.execPath,
      args: [CLI, 'mcp'],
      cwd: DIST,
      env: { DEMO_TOKENS_PER_SECOND: '0', NODE_OPTIONS: `--import=data:text/javascript,${encodeURIComponent(NOISE)}` },
      stderr: 'ignore',
    });
    await client.connect(transport);
    const { tools } = await client.listTools();
    expect(tools.map(({ name }) => name)).toContain('approval');
    const news: mcp.News[] = [];
    const called = (await client.callTool({ name: 'approval', arguments: { input: 'We move' } }, undefined, {
      onprogress: (one) => void news.push(one),
    })) as unknown as mcp.Called;
    expect(called.isError).not.toBe(true);
    expect(asked).toHaveLength(1);
    expect(news.length).toBeGreaterThan(2);
    await client.close();
    // A line that is not a message would have caused a fault. The SDK handles progress one turn later than a result: if both come
    // in one read, it has already forgotten the call.
    expect(faults.filter(({ message }) => !message.includes('progress notification for an unknown token'))).toEqual([]);
  });
});
