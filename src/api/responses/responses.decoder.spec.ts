import { beforeEach, describe, expect, it } from '@jest/globals';
import type { Request, Response } from 'express';
import { FakeClock } from '../../../test/support/fake-clock.js';
import { compileTestWorkflow, SpeakingNode } from '../../../test/support/compiled-workflow.js';
import { Caller } from '../../access/index.js';
import type { AppConfig } from '../../config/index.js';
import { beginRecord } from '../../http/request-record.js';
import { type JsonObject, RandomIdSource } from '../../kernel/index.js';
import type { McpServers } from '../../nodes/index.js';
import { WorkflowRegistry } from '../../workflow/index.js';
import { PARAMETER_GROUPS } from '../../workflow/parameter-groups.js';
import type { TakenRequest } from '../wire/index.js';
import type { DecodedRequest } from './decoded-request.js';
import { ResponsesDecoder } from './responses.decoder.js';
import { type FinishedResponse, ResponseState, type StoredResponse } from './state/response-state.js';

class Chatty extends SpeakingNode {
  override readonly forwards = PARAMETER_GROUPS as never;
}

/** Keeps responses for as long as a test takes. */
class MapState extends ResponseState {
  readonly #kept: FinishedResponse[] = [];

  constructor(override readonly isKept = true) {
    super();
  }

  override get isOn(): boolean {
    return this.isKept;
  }

  override find(id: string, owner: Caller): Promise<StoredResponse | undefined> {
    return Promise.resolve(this.#of(owner).find(({ response }) => response['id'] === id));
  }

  override findItems(ids: readonly string[], owner: Caller): Promise<ReadonlyMap<string, JsonObject>> {
    const items = this.#of(owner).flatMap(({ response }) => response['output'] as JsonObject[]);
    return Promise.resolve(
      new Map(items.map((item) => [item['id'] as string, item] as const).filter(([id]) => ids.includes(id))),
    );
  }

  override keep(finished: FinishedResponse): Promise<void> {
    this.#kept.push(finished);
    return Promise.resolve();
  }

  override remove(id: string, owner: Caller): Promise<boolean> {
    return Promise.resolve(this.#of(owner).some(({ response }) => response['id'] === id));
  }

  #of({ id }: Caller): readonly FinishedResponse[] {
    return this.#kept.filter(({ owner }) => owner.id === id);
  }
}

// No gateway names the user, and nothing is limited.
const config = { access: {} } as AppConfig;
const limits = {} as Caller['limits'];
const caller = (id = 'anybody') => new Caller({ id, limits });
const makeMessage = (text: string, id = 'msg_1') => ({
  id,
  type: 'message',
  status: 'completed',
  role: 'assistant',
  content: [{ type: 'output_text', text, annotations: [], logprobs: [] }],
});
const makeQuestion = (text: string) => ({
  id: 'msg_0',
  type: 'message',
  status: 'completed',
  role: 'user',
  content: [{ type: 'input_text', text }],
});
const makeCall = (status = 'completed') => ({
  id: 'fc_1',
  type: 'function_call',
  status,
  call_id: 'c',
  name: 'f',
  arguments: '{}',
});

describe('ResponsesDecoder', () => {
  let state: MapState;
  beforeEach(() => {
    state = new MapState();
  });

  const decode = (body: object, headers: Record<string, string> = {}, by = caller(), kept: ResponseState = state) => {
    const registry = new WorkflowRegistry();
    const { workflow } = compileTestWorkflow({
      id: 'chat',
      define: (flow) => flow.node(Chatty),
    });
    registry.register({ name: 'chat', workflow, streamByDefault: false });
    registry.register({ name: 'default', workflow, streamByDefault: true });
    const decoder = new ResponsesDecoder(
      registry,
      config,
      new FakeClock(Date.UTC(2026, 10, 7)),
      new RandomIdSource(),
      kept,
      { mayRequest: () => false } as object as McpServers,
    );
    const request = { headers, get: (name: string) => headers[name.toLowerCase()] } as object as Request;
    const response = { getHeader: () => 'req_1' } as object as Response;
    beginRecord(response, 0, {} as never);
    return decoder.decode(request, response, { body, caller: by } as TakenRequest);
  };
  const ask = (body: object, by?: Caller): Promise<DecodedRequest> => decode({ model: 'chat', ...body }, {}, by);
  const keep = (parts: Partial<FinishedResponse> = {}, response: JsonObject = {}) =>
    state.keep({
      response: { id: 'resp_1', status: 'completed', output: [makeMessage('Hello')], ...response },
      context: [makeQuestion('Hi')],
      owner: caller(),
      ...parts,
    });

  it('makes a run request and fills in the defaults of the response', async () => {
    const { head, request, streams, nodeEvents, origin, context, workflow } = await ask({ input: 'Hi' });
    expect(workflow.id).toBe('chat');
    expect(request).toEqual({ model: 'chat', messages: [{ role: 'user', content: 'Hi' }], parameters: {} });
    expect(head).toEqual({
      id: expect.stringMatching(/^resp_[0-9a-f]{24}$/),
      created_at: Date.UTC(2026, 10, 7) / 1_000,
      model: 'chat',
      background: false,
      instructions: null,
      max_output_tokens: null,
      max_tool_calls: null,
      metadata: {},
      parallel_tool_calls: true,
      previous_response_id: null,
      prompt_cache_key: null,
      reasoning: { effort: null, summary: null },
      safety_identifier: null,
      service_tier: 'default',
      store: true,
      temperature: 1,
      top_p: 1,
      presence_penalty: 0,
      frequency_penalty: 0,
      text: { format: { type: 'text' } },
      tool_choice: 'auto',
      tools: [],
      top_logprobs: 0,
      truncation: 'disabled',
      user: null,
    });
    expect([streams, nodeEvents]).toEqual([false, false]);
    expect(origin).toEqual({ requestId: 'req_1', streamed: false });
    expect(context).toEqual([{ ...makeQuestion('Hi'), id: expect.stringMatching(/^msg_[0-9a-f]{48}$/) }]);
  });

  it('repeats what the client sent', async () => {
    const given = {
      instructions: 'Be brief',
      max_output_tokens: 5,
      max_tool_calls: 3,
      metadata: { a: 'b' },
      parallel_tool_calls: false,
      prompt_cache_key: 'k',
      safety_identifier: 's',
      service_tier: 'flex',
      temperature: 0,
      top_p: 0,
      presence_penalty: 1,
      frequency_penalty: -1,
      tool_choice: { type: 'function', name: 'f' },
      top_logprobs: 2,
      truncation: 'auto',
      user: 'u',
    };
    const { head } = await ask({
      ...given,
      input: 'Hi',
      reasoning: { effort: 'low', generate_summary: 'auto', context: 'auto' },
      text: { format: { type: 'json_schema', name: 'n', schema: {}, description: null }, verbosity: 'low' },
      tools: [
        { type: 'function', name: 'f', parameters: null },
        { type: 'web_search', filters: null },
        { type: 'custom', name: 'c' },
      ],
    });
    expect(head).toMatchObject(given);
    expect(head).toMatchObject({
      reasoning: { effort: 'low', summary: 'auto' },
      text: { format: { type: 'json_schema', name: 'n', schema: {} }, verbosity: 'low' },
      tools: [
        { type: 'function', name: 'f', description: null, parameters: null, strict: null },
        { type: 'web_search' },
        { type: 'custom', name: 'c' },
      ],
    });
    expect(JSON.stringify(head)).not.toContain('filters');
  });

  it('streams if `stream` says so, whatever the name and the Accept header say', async () => {
    const json = { accept: 'application/json' };
    const events = { accept: 'text/event-stream' };
    expect((await decode({ model: 'default', input: 'Hi', stream: true }, json)).streams).toBe(true);
    expect((await decode({ model: 'default', input: 'Hi' }, events)).streams).toBe(false);
    expect((await decode({ model: 'default', input: 'Hi', stream: null }, {})).streams).toBe(false);
  });

  it('reads from headers whether node events are wanted', async () => {
    const { nodeEvents } = await decode({ model: 'chat', input: 'Hi' }, { 'millrace-events': 'true' });
    expect(nodeEvents).toBe(true);
  });

  it('puts instructions before everything else, and keeps them for no later response', async () => {
    const { request, context } = await ask({ instructions: 'Be brief', input: [{ role: 'developer', content: 'D' }] });
    expect(request.messages).toEqual([
      { role: 'system', content: 'Be brief' },
      { role: 'developer', content: 'D' },
    ]);
    expect(context).toHaveLength(1);
  });

  it('continues with the conversation of the previous response', async () => {
    await keep({}, { instructions: 'Old ones', output: [makeMessage('Hello'), makeCall('incomplete')] });
    const { request, context, head } = await ask({ input: 'More', previous_response_id: 'resp_1' });
    expect(request.messages).toEqual([
      { role: 'user', content: 'Hi' },
      { role: 'assistant', content: 'Hello' },
      { role: 'user', content: 'More' },
    ]);
    expect(context).toEqual([
      makeQuestion('Hi'),
      makeMessage('Hello'),
      { ...makeQuestion('More'), id: expect.any(String) },
    ]);
    expect(head.previous_response_id).toBe('resp_1');
  });

  it.each(['completed', 'incomplete', 'failed', 'cancelled'])(
    'continues with a response that is %s',
    async (status) => {
      await keep({}, { status });
      expect((await ask({ previous_response_id: 'resp_1' })).request.messages).toHaveLength(2);
    },
  );

  it.each(['queued', 'in_progress'])('refuses to continue with a response that is %s', async (status) => {
    await keep({}, { status });
    await expect(ask({ input: 'More', previous_response_id: 'resp_1' })).rejects.toMatchObject({
      status: 400,
      param: 'previous_response_id',
    });
  });

  it('knows no previous response that does not exist or belongs to another caller', async () => {
    await keep();
    const unknown = { status: 400, param: 'previous_response_id', code: 'previous_response_not_found' };
    await expect(ask({ input: 'More', previous_response_id: 'resp_2' })).rejects.toMatchObject({
      ...unknown,
      message: "Previous response with id 'resp_2' not found.",
    });
    const other = ask({ input: 'More', previous_response_id: 'resp_1' }, caller('other'));
    await expect(other).rejects.toMatchObject(unknown);
  });

  it('takes the output of a call that an earlier response made', async () => {
    await keep({}, { output: [makeCall()] });
    const output = { type: 'function_call_output', call_id: 'c', output: 'ok' };
    const { request } = await ask({ input: [output], previous_response_id: 'resp_1' });
    expect(request.messages.map(({ role }) => role)).toEqual(['user', 'assistant', 'tool']);
    await expect(ask({ input: 'More', previous_response_id: 'resp_1' })).rejects.toMatchObject({
      param: 'input',
      code: null,
      message: 'No tool output found for function call c.',
    });
  });

  it('puts items in the place of references to them', async () => {
    await keep();
    const { request, context } = await ask({
      input: [{ role: 'user', content: 'Hi' }, { id: 'msg_1' }, { type: 'item_reference', id: 'msg_1' }],
    });
    expect(request.messages.slice(1)).toEqual([
      { role: 'assistant', content: 'Hello' },
      { role: 'assistant', content: 'Hello' },
    ]);
    expect(context.slice(1)).toEqual([
      makeMessage('Hello'),
      { ...makeMessage('Hello'), id: expect.stringMatching(/^msg_/) },
    ]);
    expect(new Set(context.map(({ id }) => id)).size).toBe(3);
  });

  it('knows only items that the same caller got', async () => {
    await keep();
    for (const [id, by] of [
      ['msg_9', caller()],
      ['msg_0', caller()],
      ['msg_1', caller('other')],
    ] as const) {
      await expect(ask({ input: [{ type: 'item_reference', id }] }, by)).rejects.toMatchObject({
        status: 404,
        param: 'input',
        code: null,
        message: expect.stringContaining(`Item with id '${id}' not found. Items are not persisted when store is set`),
      });
    }
  });

  it('leaves calls that were cut off out of the conversation', async () => {
    const { request, context } = await ask({ input: [{ role: 'user', content: 'Hi' }, makeCall('incomplete')] });
    expect([request.messages.length, context.length]).toEqual([1, 1]);
  });

  it('refuses input that sends nothing to a model', async () => {
    await expect(ask({ input: [{ type: 'reasoning' }] })).rejects.toMatchObject({ status: 400, param: 'input' });
  });

  it('stores nothing that the client does not want stored', async () => {
    const { head, context } = await ask({ input: 'Hi', store: false });
    expect([head.store, context]).toEqual([false, []]);
  });

  it('says so where nothing is stored', async () => {
    const none = (body: object) => decode({ model: 'chat', input: 'Hi', ...body }, {}, caller(), new MapState(false));
    const { head, context } = await none({ store: true });
    expect([head.store, context]).toEqual([false, []]);
    await expect(none({ background: true })).rejects.toMatchObject({ param: 'background', code: 'runs_disabled' });
    await expect(none({ previous_response_id: 'resp_1' })).rejects.toMatchObject({
      code: 'previous_response_not_found',
    });
    await expect(none({ input: [{ id: 'msg_1' }] })).rejects.toMatchObject({ status: 404 });
  });

  it('knows only workflows that exist and that the caller may use', async () => {
    const missing = { status: 404, param: 'model', code: 'model_not_found' };
    await expect(ask({ model: 'gpt-5', input: 'Hi' })).rejects.toMatchObject(missing);
    const barred = new Caller({ id: 'a', limits, workflows: { match: () => false } as never });
    await expect(ask({ input: 'Hi', previous_response_id: 'resp_1' }, barred)).rejects.toMatchObject(missing);
  });
});
