import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import { createOpenAI } from '@ai-sdk/openai';
import { Agent, hostedMcpTool, OpenAIProvider, Runner } from '@openai/agents';
import * as ai from 'ai';
import { createOpenAI as createOpenAIv7 } from 'ai-openai-v7';
import * as aiV7 from 'ai-v7';
import OpenAI from 'openai';
import OpenAIv7 from 'openai-v7';
import { Bench } from '../support/bench.js';
import { startProcess } from '../support/process.js';
import { describeIfRuns, PYTHON_ENV } from '../support/programs.js';
import { ScriptedMcpServer, sendResult } from '../support/scripted-mcp-server.js';
import { scriptStream, scriptToolCalls } from '../support/upstream/index.js';

describe('MCP servers that a request names', () => {
  let server: ScriptedMcpServer;
  let bench: Bench;
  beforeAll(async () => {
    server = await ScriptedMcpServer.start();
    server.tools = [{ name: 'search', inputSchema: { type: 'object', properties: { query: { type: 'string' } } } }];
    server.onCall = (call, response) => sendResult(response, call, { content: [{ type: 'text', text: 'found snow' }] });
    bench = await Bench.start({ env: { MCP_ALLOWED_HOSTS: `http://${new URL(server.url).host}` } });
  });
  afterAll(async () => {
    await bench.close();
    await server.close();
  });
  const scriptCall = (): unknown => bench.upstream.next(scriptToolCalls('call_1', 'search', { query: 'snow' }));
  const scriptText = (): unknown => bench.upstream.next(scriptStream('So it is.'));

  describe.each([
    ['6', OpenAI],
    ['7', OpenAIv7 as unknown as typeof OpenAI],
  ])('from openai %s', (_, Sdk) => {
    const connect = () => new Sdk({ baseURL: bench.app.baseUrl, apiKey: 'any', maxRetries: 0 });
    const name = (approval: 'always' | 'never') => [
      { type: 'mcp' as const, server_label: 'docs', server_url: server.url, require_approval: approval },
    ];

    it('are listed and called, whole and streamed', async () => {
      const asked = { model: 'chat', input: 'Hi', tools: name('never') };
      const types = ['mcp_list_tools', 'mcp_call', 'message'];
      scriptCall();
      scriptText();
      expect((await connect().responses.create(asked)).output.map(({ type }) => type)).toEqual(types);
      scriptCall();
      scriptText();
      const streamed = await connect().responses.stream(asked).finalResponse();
      expect(streamed.output.map(({ type }) => type)).toEqual(types);
    });

    it('are called once the client approves', async () => {
      const { responses } = connect();
      const tools = name('always');
      scriptCall();
      const asked = await responses.stream({ model: 'chat', input: 'Hi', tools }).finalResponse();
      const request = asked.output[1];
      expect(request).toMatchObject({ type: 'mcp_approval_request', name: 'search', server_label: 'docs' });
      scriptText();
      const approval = {
        type: 'mcp_approval_response' as const,
        approval_request_id: request?.id ?? '',
        approve: true,
      };
      const next = { model: 'chat', tools, previous_response_id: asked.id, input: [approval] };
      const made = await responses.stream(next).finalResponse();
      expect(made).toMatchObject({ output: [{ type: 'mcp_call' }, { type: 'message' }], output_text: 'So it is.' });
    });
  });

  it.each(['never', 'always'] as const)('are called for the Agents SDK, approval: %s', async (requireApproval) => {
    const openAIClient = new OpenAI({ baseURL: bench.app.baseUrl, apiKey: 'any', maxRetries: 0 });
    const modelProvider = new OpenAIProvider({ openAIClient, useResponses: true });
    const approved: string[] = [];
    const place = { serverLabel: 'docs', serverUrl: server.url };
    const tool =
      requireApproval === 'never'
        ? hostedMcpTool(place)
        : hostedMcpTool({
            ...place,
            requireApproval,
            onApproval: (_context, { rawItem }) => {
              approved.push('name' in rawItem ? rawItem.name : rawItem.type);
              return Promise.resolve({ approve: true });
            },
          });
    scriptCall();
    scriptText();
    const agent = new Agent({ name: 'A', model: 'chat', tools: [tool] });
    const { finalOutput } = await new Runner({ modelProvider, tracingDisabled: true }).run(agent, 'Hi');
    expect(finalOutput).toBe('So it is.');
    expect(approved).toEqual(requireApproval === 'never' ? [] : ['search']);
  });

  // Its version 5 has no such tool.
  describe.each([
    ['6', ai, createOpenAI],
    ['7', aiV7 as unknown as typeof ai, createOpenAIv7 as unknown as typeof createOpenAI],
  ])('from the Vercel AI SDK %s', (_, sdk, connect) => {
    const ask = (requireApproval: 'always' | 'never') => {
      const openai = connect({ baseURL: bench.app.baseUrl, apiKey: 'any' });
      const mcp = openai.tools.mcp({ serverLabel: 'docs', serverUrl: server.url, requireApproval });
      // The SDK's types contradict each other under exactOptionalPropertyTypes.
      return { model: openai('chat'), tools: { mcp } as unknown as ai.ToolSet, maxRetries: 0 };
    };

    it('are called, whole and streamed', async () => {
      scriptCall();
      scriptText();
      expect((await sdk.generateText({ ...ask('never'), prompt: 'Hi' })).text).toBe('So it is.');
      scriptCall();
      scriptText();
      const streamed = sdk.streamText({ ...ask('never'), prompt: 'Hi' });
      expect(await streamed.text).toBe('So it is.');
      expect(await streamed.toolResults).toHaveLength(1);
    });

    it('are called once the client approves', async () => {
      scriptCall();
      const asked = await sdk.generateText({ ...ask('always'), prompt: 'Hi' });
      const request = asked.content.find((part) => part.type === 'tool-approval-request');
      scriptText();
      const approval = {
        type: 'tool-approval-response' as const,
        approvalId: request?.approvalId ?? '',
        approved: true,
      };
      const made = await sdk.generateText({
        ...ask('always'),
        messages: [{ role: 'user', content: 'Hi' }, ...asked.response.messages, { role: 'tool', content: [approval] }],
      });
      expect(made.text).toBe('So it is.');
    });
  });

  describeIfRuns(
    'python3',
    ['-c', 'import openai'],
    PYTHON_ENV,
  )('from openai for Python', () => {
    it('are listed and called, whole and streamed, and once it approves', async () => {
      for (let calls = 0; calls < 3; calls++) {
        scriptCall();
        scriptText();
      }
      const script = join(import.meta.dirname, '../fixtures/openai_responses_client.py');
      const child = await startProcess(['-B', script, bench.app.baseUrl, 'mcp', 'mcp_approved'], {
        command: 'python3',
        env: { ...PYTHON_ENV, MCP_SERVER_URL: server.url },
      });
      const { code } = await child.exit;
      expect([code, child.stderr]).toEqual([0, '']);
      const types = ['mcp_list_tools', 'mcp_call', 'message'];
      expect(
        child.stdout
          .trim()
          .split('\n')
          .map((line) => JSON.parse(line) as unknown),
      ).toEqual([
        { whole: types, streamed: types, output: 'found snow', text: 'So it is.' },
        { asked: 'search', made: ['mcp_call', 'message'], text: 'So it is.' },
      ]);
    }, 30_000);
  });
});
