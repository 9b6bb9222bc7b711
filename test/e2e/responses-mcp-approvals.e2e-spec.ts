import { describe, expect, it } from '@jest/globals';
import { listOutputTypes, openMcpRequests, SEARCH, WRITE } from '../support/mcp-request-kit.js';
import { createResponse, failResponse, streamResponse } from '../support/responses-client.js';
import type { WireResponse } from '../support/response-schemas.js';
import { steps } from '../support/upstream/index.js';

describe('approvals of calls to MCP servers that a request names', () => {
  const kit = openMcpRequests();
  const { docs, callSearch, say, lastRequest, lastMessages } = kit;
  const ask = async (more: object = {}) => {
    callSearch();
    return createResponse(kit.bench.app, { tools: [docs({ require_approval: 'always' })], ...more });
  };
  const findApproval = ({ output }: WireResponse) => output.find(({ type }) => type === 'mcp_approval_request');
  const answer = (id: string | undefined, approve: boolean, reason?: string) => ({
    type: 'mcp_approval_response',
    approval_request_id: id,
    approve,
    ...(reason !== undefined && { reason }),
  });

  it('are requested before the call is made', async () => {
    const asked = await ask();
    expect(listOutputTypes(asked)).toEqual(['mcp_list_tools', 'mcp_approval_request']);
    expect(asked).toMatchObject({
      status: 'completed',
      output: [{}, { name: 'search', arguments: '{"query":"snow"}' }],
    });
    expect(kit.server.count('tools/call')).toBe(0);
  });

  it('make the call once they are given, without listing the tools again', async () => {
    const asked = await ask();
    say();
    const question = findApproval(asked);
    const { response: made } = await streamResponse(kit.bench.app, {
      tools: [docs({ require_approval: 'always' })],
      previous_response_id: asked.id,
      input: [answer(question?.id, true)],
    });
    expect(made.output).toMatchObject([
      { type: 'mcp_call', approval_request_id: question?.id, output: 'found snow', status: 'completed' },
      { type: 'message' },
    ]);
    expect([kit.server.count('tools/call'), kit.server.count('tools/list')]).toEqual([1, 1]);
    expect(lastMessages().at(-1)).toMatchObject({ role: 'tool', content: 'found snow' });
    expect(lastRequest()['tools']).toHaveLength(1);
  });

  it('make no second call when the conversation continues', async () => {
    const asked = await ask();
    say();
    const made = await createResponse(kit.bench.app, {
      tools: [docs()],
      previous_response_id: asked.id,
      input: [answer(findApproval(asked)?.id, true)],
    });
    say('Yes.');
    await createResponse(kit.bench.app, { tools: [docs()], previous_response_id: made.id, input: 'Sure?' });
    expect(kit.server.count('tools/call')).toBe(1);
    expect(lastMessages().map(({ role }) => role)).toEqual(['user', 'assistant', 'tool', 'assistant', 'user']);
  });

  it('tell the model that they were refused, with the reason, also if nothing is stored', async () => {
    const asked = await ask({ store: false });
    say('As you like.');
    const refused = await createResponse(kit.bench.app, {
      store: false,
      tools: [docs({ require_approval: 'always' })],
      input: [{ role: 'user', content: 'Hello' }, ...asked.output, answer(findApproval(asked)?.id, false, 'Not now.')],
    });
    expect(listOutputTypes(refused)).toEqual(['message']);
    expect(kit.server.count('tools/call')).toBe(0);
    expect(lastMessages().at(-1)?.content).toBe(
      'The user did not approve this call, so it was not made. The reason: Not now.',
    );
  });

  it('are decided by the first answer; no answer is a refusal', async () => {
    const asked = await ask();
    say();
    const id = findApproval(asked)?.id;
    const input = [answer(id, false), answer(id, true)];
    await createResponse(kit.bench.app, { tools: [docs()], previous_response_id: asked.id, input });
    expect(kit.server.count('tools/call')).toBe(0);
    say();
    await createResponse(kit.bench.app, { tools: [docs()], previous_response_id: asked.id, input: 'Something else' });
    expect(lastMessages().at(-2)?.content).toBe('Nobody has approved this call, so it was not made.');
  });

  it('are refused if nobody requested them, or if the request does not name their server again', async () => {
    const unknown = await failResponse(kit.bench.app, { tools: [docs()], input: [answer('mcpr_1', true)] });
    expect(unknown).toMatchObject({ status: 400, param: 'input', message: expect.stringContaining('mcpr_1') });
    const asked = await ask();
    const input = [answer(findApproval(asked)?.id, true)];
    expect(await failResponse(kit.bench.app, { previous_response_id: asked.id, input })).toMatchObject({
      status: 400,
      param: 'tools',
      message: expect.stringContaining('`docs`'),
    });
  });

  it('are requested for the tools that a filter leaves, beside calls that need none', async () => {
    kit.server.tools = [SEARCH, WRITE];
    kit.bench.upstream.next([
      steps.role(),
      steps.toolCall({ index: 0, id: 'call_1', name: 'search', arguments: '{"query":"snow"}' }),
      steps.toolCall({ index: 1, id: 'call_2', name: 'write', arguments: '{}' }),
      steps.finish('tool_calls'),
      steps.done(),
    ]);
    const asked = await createResponse(kit.bench.app, {
      tools: [docs({ require_approval: { never: { read_only: true } } })],
    });
    expect(listOutputTypes(asked)).toEqual(['mcp_list_tools', 'mcp_call', 'mcp_approval_request']);
    expect(asked.output).toMatchObject([{}, { name: 'search', output: 'found snow' }, { name: 'write' }]);
  });
});
