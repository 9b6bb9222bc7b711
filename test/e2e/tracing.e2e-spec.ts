import { afterEach, describe, expect, it } from '@jest/globals';
import { Injectable } from '@nestjs/common';
import { IsString } from 'class-validator';
import { agent, AgentTool, type ChatRefs, type Flow, type Ref, Workflow } from '../../src/workflow/index.js';
import type { TestAppOptions } from '../support/app.js';
import { readContent } from '../support/chunks.js';
import { eventually } from '../support/eventually.js';
import { LangfuseBench, OBSERVATION, outlineSpans, readShown, type ShownSpan } from '../support/langfuse-bench.js';
import { postJson } from '../support/http-client.js';
import { HELLO } from '../support/messages.js';
import { scriptStream, scriptToolCalls, tokens } from '../support/upstream/scripts.js';
import { errorBody, gate, httpError, reset, role, text } from '../support/upstream/steps.js';
import { SpeakNode, makeWorkflowsModule } from '../support/workflow-kit.js';

const REPLY = '{"thinking":"Hm.","reply":"Hi."}';
const SERVER = 2;
const INTERNAL = 1;
const CLIENT = 3;
const ERROR = 2;

class CityArgs {
  @IsString()
  city!: string;
}

@Injectable()
class WeatherTool extends AgentTool<CityArgs> {
  readonly name = 'weather';
  readonly description = 'Tells how warm it is in a city';
  readonly argsType = CityArgs;
  execute(): unknown {
    return 7;
  }
}

@Workflow({ id: 'inner', description: 'One agent with a tool' })
class InnerWorkflow {
  readonly tooled = agent({
    tools: [WeatherTool],
    model: ['openai', { model: 'openai/second' }],
    settings: { temperature: 0.5, max_completion_tokens: 99 },
  });

  define(flow: Flow, { messages }: ChatRefs): Ref<string> {
    return flow.stream(this.tooled, { messages });
  }
}

@Workflow({ id: 'outer', description: 'Another workflow as a step' })
class OuterWorkflow {
  define(flow: Flow, { messages }: ChatRefs): Ref<string> {
    const inner = flow.workflow(InnerWorkflow, { messages });
    return flow.node(SpeakNode, { messages, prompt: 'again' }, { after: [inner] });
  }
}

const WORKFLOWS = [makeWorkflowsModule(WeatherTool, SpeakNode, InnerWorkflow, OuterWorkflow)];

describe('tracing', () => {
  let bench: LangfuseBench;
  afterEach(() => bench.close());
  const start = async (env: Record<string, string> = {}, imports: TestAppOptions['imports'] = []): Promise<void> => {
    bench = await LangfuseBench.start({ env, imports });
  };

  describe('a run of two steps', () => {
    interface TwoSteps extends Record<'root' | 'draft' | 'reply' | 'firstCall' | 'secondCall', ShownSpan> {
      readonly roots: readonly ShownSpan[];
      readonly requestId: unknown;
      readonly text: string;
      /** Times of this machine before the request and after it, in milliseconds. */
      readonly before: number;
      readonly after: number;
    }
    const record = async (): Promise<TwoSteps> => {
      await start({ LANGFUSE_TRACING_ENVIRONMENT: 'staging', LANGFUSE_RELEASE: 'v7' });
      bench.upstream.next(scriptStream(['A ', 'draft']));
      bench.upstream.next(
        scriptStream(REPLY, {
          usage: tokens(100, 50, {
            prompt_tokens_details: { cached_tokens: 64 },
            completion_tokens_details: { reasoning_tokens: 30 },
          }),
        }),
      );
      const before = Date.now() - 1;
      const stream = await bench.ask({
        model: 'default',
        user: 'anna',
        metadata: { session_id: 'visit-1', topic: 'ships' },
        temperature: 0.5,
      });
      const text = readContent(await stream.collect());
      const after = Date.now() + 1;
      const { roots } = await bench.findTraceOfStream(stream);
      const [root] = roots as [ShownSpan];
      const [draft, reply] = root.children as [ShownSpan, ShownSpan];
      const [firstCall] = draft.children as [ShownSpan];
      const [secondCall] = reply.children as [ShownSpan];
      const requestId = stream.headers['x-request-id'];
      return { roots, root, draft, reply, firstCall, secondCall, requestId, text, before, after };
    };

    it('is one tree, with a span for each step and call of a model', async () => {
      const { roots, root, draft, firstCall } = await record();
      expect(outlineSpans(roots)).toEqual([
        ['streaming', ['TextStreamingNode', 'gpt-5.4-mini'], ['StructuredStreamingNode', 'gpt-5.4-mini']],
      ]);
      expect([root, draft, firstCall].map(({ kind }) => kind)).toEqual([SERVER, INTERNAL, CLIENT]);
    });

    it('names the caller, the session and the deployment in each span', async () => {
      const { root, draft, reply, firstCall, secondCall } = await record();
      for (const span of [root, draft, reply, firstCall, secondCall]) {
        expect(span.attributes).toMatchObject({
          'langfuse.trace.name': 'streaming',
          'langfuse.trace.tags': ['stream'],
          'user.id': 'anna',
          'session.id': 'visit-1',
          'langfuse.environment': 'staging',
          'langfuse.release': 'v7',
          [`${OBSERVATION}level`]: 'DEFAULT',
          [`${OBSERVATION}type`]: span === firstCall || span === secondCall ? 'generation' : 'span',
        });
        expect(span.resource).toMatchObject({
          'service.name': 'millrace',
          'service.version': expect.any(String),
          'deployment.environment.name': 'staging',
        });
        expect(span.status.code).toBe(0);
      }
    });

    it('has the times of each span, and of the first token', async () => {
      const { root, draft, reply, firstCall, secondCall, before, after } = await record();
      for (const span of [root, draft, reply, firstCall, secondCall]) {
        expect(span.startTimeMs).toBeGreaterThan(before);
        expect(span.endTimeMs).toBeLessThan(after);
        expect(span.endTimeMs).toBeGreaterThanOrEqual(span.startTimeMs);
      }
      const firstToken = Date.parse(String(readShown(firstCall, 'completion_start_time')));
      expect(firstToken).toBeGreaterThanOrEqual(Math.floor(firstCall.startTimeMs));
      expect(firstToken).toBeLessThanOrEqual(firstCall.endTimeMs);
    });

    it('holds the request and the completion, with the metadata of the client', async () => {
      const { root, text, requestId } = await record();
      expect(JSON.parse(String(readShown(root, 'input')))).toEqual(HELLO);
      expect(readShown(root, 'output')).toBe(text);
      expect(root.attributes).toMatchObject({
        'langfuse.internal.as_root': true,
        [`${OBSERVATION}metadata.model`]: 'default',
        [`${OBSERVATION}metadata.topic`]: 'ships',
        [`${OBSERVATION}metadata.finish_reason`]: 'stop',
        [`${OBSERVATION}metadata.request_id`]: requestId,
        'langfuse.trace.metadata.topic': 'ships',
      });
    });

    it('holds what each step gave, and what each model was asked and said', async () => {
      const { draft, reply, firstCall } = await record();
      expect(readShown(draft, 'output')).toBe('A draft');
      expect(JSON.parse(String(readShown(reply, 'output')))).toEqual(JSON.parse(REPLY));
      expect(JSON.parse(String(readShown(firstCall, 'input')))).toEqual(bench.upstream.requests[0]?.body.messages);
      expect(readShown(firstCall, 'output')).toBe('A draft');
    });

    it('holds the usage of each call, without counting a token twice', async () => {
      const { firstCall, secondCall } = await record();
      expect(JSON.parse(String(readShown(firstCall, 'usage_details')))).toEqual({ input: 10, output: 2, total: 12 });
      expect(JSON.parse(String(readShown(secondCall, 'usage_details')))).toEqual({
        input: 36,
        input_cached_tokens: 64,
        output: 20,
        output_reasoning_tokens: 30,
        total: 150,
      });
    });

    it('holds each call in the words of OpenTelemetry, too', async () => {
      const { secondCall } = await record();
      expect(secondCall.attributes).toMatchObject({
        [`${OBSERVATION}model.name`]: 'gpt-5.4-mini',
        [`${OBSERVATION}metadata.finish_reason`]: 'stop',
        'gen_ai.operation.name': 'chat',
        'gen_ai.provider.name': 'openai',
        'gen_ai.request.model': 'gpt-5.4-mini',
        'gen_ai.conversation.id': 'visit-1',
        'gen_ai.response.finish_reasons': ['stop'],
        'gen_ai.response.time_to_first_chunk': expect.any(Number),
        'gen_ai.usage.input_tokens': 100,
        'gen_ai.usage.output_tokens': 50,
        'gen_ai.usage.cache_read.input_tokens': 64,
        'gen_ai.usage.reasoning.output_tokens': 30,
      });
      // A nested schema cannot be a model parameter, so it is metadata.
      expect(String(readShown(secondCall, 'metadata.response_format'))).toContain('json_schema');
      expect(JSON.stringify(readShown(secondCall, 'model.parameters') ?? '')).not.toContain('json_schema');
    });

    it('is sent once, in the format of the current version of Langfuse', async () => {
      await record();
      const [request] = bench.langfuse.ingestRequests;
      expect(request?.path).toBe('/api/public/otel/v1/traces');
      expect(request?.headers['x-langfuse-ingestion-version']).toBe('4');
      expect(await eventually(() => bench.health().exporters[0]?.exportedTraces)).toBe(1);
      expect(bench.health()).toEqual({
        startedTraces: 1,
        exporters: [
          {
            name: 'langfuse',
            up: true,
            exportedTraces: 1,
            droppedTraces: 0,
            failures: 0,
            queueBytes: 0,
            lastSuccessAt: expect.any(Number),
          },
        ],
      });
    });
  });

  describe('a run with a nested workflow, a tool, a retry and a fallback', () => {
    interface ToolRun extends Record<'root' | 'inner' | 'node' | 'failed' | 'call' | 'tool', ShownSpan> {}
    const record = async (): Promise<ToolRun> => {
      await start({ UPSTREAM_MAX_RETRIES: '1' }, WORKFLOWS);
      const overloaded = httpError(503, errorBody('overloaded'));
      bench.upstream.next(overloaded).next(overloaded);
      bench.upstream.next(scriptToolCalls('call_a', 'weather', { city: 'Oslo' }));
      bench.upstream.next(scriptStream('Seven')).next(scriptStream('Again'));
      const stream = await bench.ask({ model: 'outer' });
      await stream.collect();
      const { roots } = await bench.findTraceOfStream(stream);
      const [root] = roots as [ShownSpan];
      const [inner] = root.children as [ShownSpan];
      const [node] = inner.children as [ShownSpan];
      const [failed, call, tool] = node.children as [ShownSpan, ShownSpan, ShownSpan];
      return { root, inner, node, failed, call, tool };
    };

    it('is a tree with the nested workflow inside, and the tool beside the calls of its agent', async () => {
      const { root, inner } = await record();
      expect(outlineSpans([root])).toEqual([
        [
          'outer',
          [inner.name, ['tooled', 'gpt-5.4-mini', 'second', 'tool:weather', 'second']],
          ['SpeakNode', 'gpt-5.4-mini'],
        ],
      ]);
    });

    it('shows the call that failed as an error without usage, and its retry as an event', async () => {
      const { failed } = await record();
      expect(failed.events.map(({ name, attributes }) => [name, attributes['level']])).toEqual([['retry', 'WARNING']]);
      expect(String(readShown(failed, 'metadata.events'))).toContain('"retry"');
      expect(failed.status.code).toBe(ERROR);
      expect(failed.attributes).toMatchObject({ [`${OBSERVATION}level`]: 'ERROR', 'error.type': expect.any(String) });
      expect(failed.attributes).not.toHaveProperty([`${OBSERVATION}usage_details`]);
    });

    it('shows the fallback as an event of its step, which succeeded', async () => {
      const { node } = await record();
      expect(node.events.map(({ name }) => name)).toEqual(['fallback']);
      expect(node.status.code).toBe(0);
    });

    it('shows what the other model was asked and what it called, and the tool as a span', async () => {
      const { call, tool } = await record();
      expect(call.attributes).toMatchObject({
        'gen_ai.request.model': 'second',
        'gen_ai.request.temperature': 0.5,
        'gen_ai.request.max_tokens': 99,
        'gen_ai.response.finish_reasons': ['tool_calls'],
      });
      expect(JSON.parse(String(readShown(call, 'model.parameters')))).toMatchObject({ temperature: 0.5 });
      expect(String(readShown(call, 'metadata.tools'))).toContain('weather');
      expect(String(readShown(call, 'output'))).toContain('tool_calls');
      expect(tool.attributes).toMatchObject({
        'gen_ai.operation.name': 'execute_tool',
        'gen_ai.tool.name': 'weather',
        [`${OBSERVATION}input`]: '{"city":"Oslo"}',
        [`${OBSERVATION}output`]: '7',
      });
    });
  });

  it('keeps what was said until a failure', async () => {
    await start();
    bench.upstream.next([role(), text('Half an'), reset()]);
    const stream = await bench.ask();
    await stream.collect();
    const [root] = (await bench.findTraceOfStream(stream)).roots as [ShownSpan];
    const [node] = root.children as [ShownSpan];
    const [call] = node.children as [ShownSpan];
    for (const span of [root, call]) expect(readShown(span, 'output')).toBe('Half an');
    expect(call.attributes).toMatchObject({ [`${OBSERVATION}level`]: 'ERROR' });
    expect(root.attributes).toMatchObject({ [`${OBSERVATION}level`]: 'ERROR' });
    expect(call.status.code).toBe(ERROR);
    expect(String(readShown(call, 'status_message'))).toMatch(/^upstream/);
  });

  it('tells of a client that leaves, with what it was given, as a warning', async () => {
    await start();
    bench.upstream.next([role(), text('Half an'), gate()]);
    const stream = await bench.ask();
    await stream.until((item) => item.kind === 'data' && item.data.includes('Half an'));
    stream.destroy();
    const trace = await bench.findTraceOfStream(stream);
    expect(trace.spans).toHaveLength(3);
    for (const span of trace.spans) {
      expect(span.attributes).toMatchObject({
        [`${OBSERVATION}level`]: 'WARNING',
        [`${OBSERVATION}status_message`]: expect.stringMatching(/^aborted/),
      });
      expect(span.status.code).toBe(0);
      expect(span.attributes).not.toHaveProperty([`${OBSERVATION}usage_details`]);
    }
    const [root] = trace.roots as [ShownSpan];
    expect(readShown(root, 'output')).toBe('Half an');
  });

  it('also records completions that are not streamed', async () => {
    await start();
    bench.upstream.next(scriptStream('Hi'));
    const response = await postJson(bench.app.chatUrl, { model: 'chat', messages: HELLO });
    const [root] = (await bench.findTrace(response.headers['x-trace-id'])).roots as [ShownSpan];
    expect(root.attributes).toMatchObject({ 'langfuse.trace.tags': ['sync'], [`${OBSERVATION}output`]: 'Hi' });
  });

  it('keeps fifty requests at once apart', async () => {
    await start();
    bench.upstream.always(({ body }) => {
      const [{ content } = { content: '' }] = body.messages.slice(-1) as { content: string }[];
      return scriptStream(['echo ', content]);
    });
    const streams = await Promise.all(
      Array.from({ length: 50 }, async (_, i) => {
        const stream = await bench.ask({ user: `user-${i}`, messages: [{ role: 'user', content: `question-${i}.` }] });
        await stream.collect();
        return stream;
      }),
    );
    expect(new Set(streams.map(({ headers }) => headers['x-trace-id'])).size).toBe(50);
    for (const [i, stream] of streams.entries()) {
      const trace = await bench.findTraceOfStream(stream);
      const [root] = trace.roots as [ShownSpan];
      expect(outlineSpans([root])).toEqual([['chat', ['answer', 'gpt-5.4-mini']]]);
      for (const { attributes } of trace.spans) {
        expect(attributes).toMatchObject({
          'user.id': `user-${i}`,
          [`${OBSERVATION}output`]: `echo question-${i}.`,
          [`${OBSERVATION}input`]: expect.stringContaining(`question-${i}.`),
        });
      }
    }
    expect(bench.langfuse.mostOpen).toBe(1);
    // Traces that are ready at the same time share a request.
    expect(bench.langfuse.ingestRequests.length).toBeLessThan(10);
  });
});
