import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, it } from '@jest/globals';
import { Bench } from '../support/app.js';
import { fillIds, listConversations, readRecordedConversation } from '../support/conversations.js';
import { startProcess } from '../support/process.js';
import { readOutputText } from '../support/response-rules.js';
import { createResponse, streamResponse } from '../support/responses-client.js';
import { scriptStream, scriptToolCalls } from '../support/upstream/scripts.js';
import { reasoning } from '../support/upstream/steps.js';

const CALL = { id: 'call_1', function: { name: 'add', arguments: '{"a":2,"b":3}' } };

describe('what clients send, turn by turn', () => {
  let bench: Bench;
  beforeEach(async () => {
    bench = await Bench.start();
  });
  afterEach(() => bench.close());

  it.each(listConversations())('%s: the model gets the whole conversation', async (client) => {
    const bodies = readRecordedConversation(client);
    const usesTool = bodies.length === 3;
    const first = usesTool ? scriptToolCalls('call_1', 'add', { a: 2, b: 3 }) : scriptStream('It is 5.');
    bench.upstream.next([reasoning('I need to add.'), ...first]);
    if (usesTool) bench.upstream.next(scriptStream('It is 5.'));
    bench.upstream.next(scriptStream('It was 5.'));
    const ids: string[] = [];
    const texts: string[] = [];
    for (const body of bodies) {
      const filled = fillIds(body, ids);
      const response =
        body['stream'] === true
          ? (await streamResponse(bench.app, filled)).response
          : await createResponse(bench.app, filled);
      ids.push(response.id, ...response.output.flatMap(({ id }) => id ?? []));
      texts.push(readOutputText(response));
    }
    expect(texts.slice(-2)).toEqual(['It is 5.', 'It was 5.']);
    const loop = [
      { role: 'assistant', tool_calls: [CALL] },
      { role: 'tool', tool_call_id: 'call_1', content: '5' },
    ];
    const conversation = [
      { role: 'user', content: expect.stringMatching(/How much is 2 \+ 3\?$/) },
      ...(usesTool ? loop : []),
      { role: 'assistant', content: 'It is 5.' },
      { role: 'user', content: 'What was it?' },
    ];
    const { body } = await bench.upstream.request(bodies.length - 1);
    expect(body.messages.slice(-conversation.length)).toMatchObject(conversation);
  });

  it('the acceptance suite of Open Responses passes, except for transports and routes that Millrace does not have', async () => {
    const suite = join(import.meta.dirname, '../fixtures/open-responses/suite.mjs');
    bench.upstream.always(({ body }) =>
      body.tools === undefined
        ? scriptStream('It is 5.')
        : scriptToolCalls('call_1', 'get_weather', { location: 'Rome' }),
    );
    const child = await startProcess([suite, '-u', bench.app.baseUrl, '-k', 'any', '-m', 'chat', '--json'], {});
    await child.exit;
    const { results } = JSON.parse(child.stdout) as { readonly results: readonly AcceptanceResult[] };
    const ended = results.filter(({ status }) => status === 'passed' || status === 'failed');
    const isElsewhere = ({ id }: AcceptanceResult): boolean => /^(?:websocket|compact)-/.test(id);
    expect(ended.filter((result) => result.status === 'failed' && !isElsewhere(result))).toEqual([]);
    expect(ended.flatMap(({ id, status }) => (status === 'passed' ? [id] : [])).sort()).toEqual([
      'assistant-phase',
      'basic-response',
      'image-input',
      'multi-turn',
      'response-output-phase-schema',
      'streaming-response',
      'system-prompt',
      'tool-calling',
    ]);
  });
});

/** The suite's report on one of its tests. */
interface AcceptanceResult {
  readonly id: string;
  readonly status: string;
  readonly errors?: readonly string[];
}
