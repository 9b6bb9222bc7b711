import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import { IsInt, IsString, Max } from 'class-validator';
import { agent, type Deltas, type Flow } from '../../src/workflow/index.js';
import { Bench, TestApp } from '../support/app.js';
import {
  beginResponse,
  callResponse,
  followResponse,
  readStream,
  responseUrl,
  retrieve,
} from '../support/background-client.js';
import { followCompletion, retrieveCompletion } from '../support/completion-client.js';
import { eventually } from '../support/eventually.js';
import { LeapingClock } from '../support/leaping-clock.js';
import { getJson, type HttpResponse, postJson } from '../support/http-client.js';
import { HELLO } from '../support/messages.js';
import { responsesUrl } from '../support/responses-client.js';
import { beginRun, callRun, endRun, readRun } from '../support/runs-client.js';
import { scriptStream, scriptToolCalls, tokens } from '../support/upstream/scripts.js';
import { gate } from '../support/upstream/steps.js';
import {
  type AskedCall,
  readError,
  type ToldAnswer,
  WAITING_DOORS,
  type WaitingDoor,
} from '../support/waiting-doors.js';
import { makeOptionsModule } from '../support/workflow-kit.js';

const ANN = { authorization: 'Bearer sk-ann-0123456789abcdef' };
const BOB = { authorization: 'Bearer sk-bob-0123456789abcdef' };
const KEYS = { API_KEYS: 'sk-ann-0123456789abcdef,sk-bob-0123456789abcdef' };
const DAY_MS = 86_400_000;

class Price {
  @IsInt()
  @Max(100)
  euros!: number;
}

class Place {
  @IsString()
  town!: string;
}

class AskNode {
  async *process(): AsyncGenerator<Deltas, string, void> {
    yield { type: 'content', text: 'Two questions.' };
    return 'Two questions.';
  }
}

class SumUpNode {
  async *process({ price, place }: { price: Price; place: Place }): AsyncGenerator<Deltas, string, void> {
    const text = `${price.euros} euros in ${place.town}.`;
    yield { type: 'content', text };
    return text;
  }
}

/** A workflow that asks two questions at once. */
const TWO_QUESTIONS = makeOptionsModule(
  {},
  (flow: Flow) => {
    const asked = flow.node(AskNode);
    const price = flow.interrupt('price', { asked }, Price);
    const place = flow.interrupt('place', { asked }, Place);
    return flow.node(SumUpNode, { price, place });
  },
  AskNode,
  SumUpNode,
);

/** A workflow that waits and gives its models the client's tools. */
const OWN_TOOLS = makeOptionsModule({ id: 'tools' }, (flow: Flow, { messages }) => {
  const draft = flow.stream(agent({ forward: ['tools'] }), { messages }, { key: 'draft' });
  const price = flow.interrupt('price', { draft }, Price);
  return flow.run('last', { price }, ({ price: { euros } }) => euros);
});

/** A workflow that goes on by itself after half a day. */
const PATIENT = makeOptionsModule({ id: 'patient' }, (flow: Flow) => {
  const asked = flow.node(AskNode);
  const price = flow.interrupt('price', { asked }, Price, { timeout: '12h', onTimeout: () => ({ euros: 1 }) });
  return flow.node(SumUpNode, { price, place: { town: 'Ulm' } });
});

/** A workflow that waits for a price as long as it takes, and goes on by itself after half a day without a place. */
const HALF_PATIENT = makeOptionsModule({ id: 'half-patient' }, (flow: Flow, { messages }) => {
  const asked = flow.node(AskNode);
  const place = flow.interrupt('place', { asked }, Place, { timeout: '12h', onTimeout: () => ({ town: 'Ulm' }) });
  const guide = agent({ instructions: ({ place }: { place: Place }) => `Tell about ${place.town}.` });
  const guided = flow.stream(guide, { messages, place }, { key: 'guide' });
  const price = flow.interrupt('price', { asked }, Price);
  return flow.run('last', { price, guided }, ({ price: { euros } }) => euros);
});

const [, WHOLE_CHAT, , WHOLE_RESPONSES] = WAITING_DOORS as readonly [
  WaitingDoor,
  WaitingDoor,
  WaitingDoor,
  WaitingDoor,
];

/** The only call that was asked by. */
function findCall({ calls }: ToldAnswer): string {
  expect(calls).toHaveLength(1);
  return calls[0]!.id;
}

describe('a workflow that waits for answers', () => {
  let bench: Bench;
  let clock: LeapingClock;
  beforeAll(async () => {
    clock = new LeapingClock();
    bench = await Bench.start({ clock, env: KEYS, imports: [TWO_QUESTIONS, OWN_TOOLS, PATIENT, HALF_PATIENT] });
  });
  afterAll(() => bench.close());

  const countRuns = async (): Promise<number> => {
    const { json } = await callRun(bench.app, 'GET', '?limit=100', ANN);
    return (json as { data: unknown[] }).data.length;
  };

  /** What clients do over one of the doors. */
  function useDoor(door: WaitingDoor) {
    const post = (body: object, headers: Record<string, string> = ANN): Promise<HttpResponse> =>
      door.post(bench.app, { model: 'approval', ...body }, headers);
    /** Sends a request, and reads what must come. */
    const tell = async (body: object): Promise<ToldAnswer> => door.read(await post(body), body);
    return {
      post,
      tell,
      /** Begins a run that has said a draft, and waits. */
      begin: (): Promise<ToldAnswer> => {
        bench.upstream.next(scriptStream(['A ', 'draft.'], { usage: tokens(3, 4) }));
        return tell(door.say('Announce the picnic'));
      },
      /** Gives the output of the only call, and gets the close. */
      close: (before: ToldAnswer, value: unknown = { approved: true }): Promise<ToldAnswer> => {
        bench.upstream.next(scriptStream(['It goes', ' out.'], { usage: tokens(5, 6) }));
        return tell(door.give(before, [{ id: findCall(before), value }]));
      },
    };
  }

  describe.each(WAITING_DOORS)('over $name', (door) => {
    const { post, tell, begin, close } = useDoor(door);

    it('asks by a call, and goes on with its output, each with what was said and used in it', async () => {
      const first = await begin();
      expect(first).toMatchObject({ text: 'A draft.', tokens: 7 });
      expect(first.calls).toEqual([{ id: expect.any(String), name: 'approve', shown: { draft: 'A draft.' } }]);
      const second = await close(first, { approved: true, comment: 'Nice' });
      expect(second).toMatchObject({ text: 'It goes out.', calls: [], tokens: 11 });
      expect(second.id).not.toBe(first.id);
      const run = String(first.headers['millrace-run-id']);
      expect(second.headers['millrace-run-id']).toBe(run);
      expect(await door.retrieve(bench.app, first.id, ANN)).toBe(first.kept);
      expect(await door.retrieve(bench.app, second.id, ANN)).toBe(second.kept);
      expect(await readRun(bench.app, run, ANN)).toMatchObject({
        status: 'completed',
        output: 'A draft.\n\nIt goes out.',
        usage: tokens(8, 10),
      });
      expect(JSON.stringify(bench.upstream.requests.at(-1)?.body)).toContain('it goes out now');
    });

    it('gives the same to the same answer, however often it comes, and takes no other', async () => {
      const first = await begin();
      const second = await close(first, { approved: true, comment: 'Nice' });
      const given = (value: unknown) => door.give(first, [{ id: findCall(first), value }]);
      const again = await tell(given('{ "comment": "Nice", "approved": true }'));
      expect(again).toMatchObject({ id: second.id, kept: second.kept, headers: { 'idempotent-replayed': 'true' } });
      expect(second.headers['idempotent-replayed']).toBeUndefined();
      expect(readError(await post(given({ approved: false })))).toMatchObject({
        status: 409,
        code: 'wait_already_answered',
      });
    });

    it('refuses what does not fit, what nobody asked for and what another key was asked, and waits on', async () => {
      const first = await begin();
      const id = findCall(first);
      const runs = await countRuns();
      const refuse = async (value: unknown, callId = id, headers = ANN) =>
        readError(await post(door.give(first, [{ id: callId, value }]), headers));
      const { message, ...wrong } = await refuse({ approved: 'yes', comment: 5 });
      expect(wrong).toMatchObject({ status: 400, param: door.param });
      expect(message).toMatch(/approved[^]*comment/);
      for (const value of [
        'yes',
        '',
        '{"approved": true',
        'null',
        '['.repeat(200),
        JSON.stringify({ approved: true, comment: 'x'.repeat(65_536) }),
      ]) {
        expect(await refuse(value)).toMatchObject({ status: 400, param: door.param });
      }
      expect(await refuse({ approved: true }, 'call_unknown')).toMatchObject({ status: 404, code: 'wait_not_found' });
      expect(await refuse({ approved: true }, id, BOB)).toMatchObject({ status: 404, code: 'wait_not_found' });
      expect(await countRuns()).toBe(runs);
      expect((await close(first)).text).toBe('It goes out.');
    });

    it('asks for the rest when it has a part, and needs no more than the rest then', async () => {
      const ask = (body: object): Promise<ToldAnswer> => tell({ model: 'test', ...body, stream_options: null });
      const first = await ask(door.say('Go'));
      expect(first.text).toBe('Two questions.');
      expect(first.calls.map(({ name }) => name)).toEqual(['price', 'place']);
      const [price, place] = first.calls.map(({ id }) => id) as [string, string];
      const part = door.give(first, [{ id: place, value: { town: 'Ulm' } }]);
      const second = await ask(part);
      expect(second).toMatchObject({ text: '', calls: [first.calls[0]], tokens: undefined });
      expect(await ask(part)).toMatchObject({ id: second.id, kept: second.kept });
      const third = await ask(door.give(second, [{ id: price, value: { euros: 7 } }]));
      expect(third).toMatchObject({ text: '7 euros in Ulm.', calls: [] });
      // A client that keeps both outputs together gives the first once more.
      const both = [
        { id: place, value: { town: 'Ulm' } },
        { id: price, value: { euros: 7 } },
      ];
      expect(await ask(door.give(first, both))).toMatchObject({ id: third.id, kept: third.kept });
      expect(await ask(part)).toMatchObject({ id: second.id, kept: second.kept });
    });

    it('is a conversation that goes on when its run is over', async () => {
      const second = await close(await begin());
      bench.upstream.next(scriptStream('Another draft.'));
      const third = await tell(door.say('And the concert?', second));
      expect(third.calls).toHaveLength(1);
      const { messages } = bench.upstream.requests.at(-1)!.body as unknown as { messages: { role: string }[] };
      expect(messages.map(({ role }) => role)).toEqual(['system', 'user', 'assistant', 'tool', 'assistant', 'user']);
    });

    it('does not wait longer than its author says', async () => {
      const first = await begin();
      clock.leap(3 * DAY_MS);
      const run = String(first.headers['millrace-run-id']);
      expect(await endRun(bench.app, run, ANN)).toMatchObject({ status: 'failed', error: { code: 'wait_expired' } });
      const late = door.give(first, [{ id: findCall(first), value: { approved: true } }]);
      expect(readError(await post(late))).toMatchObject({ status: 409, code: 'wait_expired' });
      expect(await door.retrieve(bench.app, first.id, ANN)).toBe(first.kept);
    });
  });

  it('goes on without a client that leaves, which finds the rest later', async () => {
    const { begin, post } = useDoor(WHOLE_CHAT);
    const first = await begin();
    const door = gate();
    bench.upstream.next(scriptStream(['It ', door, 'goes out.']));
    const given = WHOLE_CHAT.give(first, [{ id: findCall(first), value: { approved: true } }]);
    const stream = await bench.open({ model: 'approval', ...given }, ANN);
    const chunk = await stream.until((item) => item.kind === 'data' && item.data.includes('It '));
    stream.destroy();
    await stream.closed;
    expect(chunk).not.toHaveProperty('id');
    const { id } = (chunk as { json: { id: string } }).json;
    expect(await retrieveCompletion(bench.app, id, ANN)).toMatchObject({
      status: 409,
      json: { error: { code: 'run_not_finished' } },
    });
    door.open();
    await endRun(bench.app, String(first.headers['millrace-run-id']), ANN);
    expect(WHOLE_CHAT.read(await post(given), given)).toMatchObject({ id, text: 'It goes out.' });
    // From a number on, as in every stream.
    const all = await followCompletion(bench.app, id, '', ANN);
    const numbers = [...all.text.matchAll(/^id: (\d+)$/gm)].map(([, number]) => number);
    const rest = await followCompletion(bench.app, id, `&starting_after=${numbers[0]}`, ANN);
    expect(all.text).toContain(rest.text.replaceAll(/^(?:: .*\n\n|retry: \d+\n)/gm, ''));
    const last = { ...ANN, 'last-event-id': String(numbers.at(-1)) };
    expect(await followCompletion(bench.app, id, '', last)).toMatchObject({ status: 204 });
  });

  it('is answered by any protocol, and tells the others that it was', async () => {
    const [chat, responses] = [useDoor(WHOLE_CHAT), useDoor(WHOLE_RESPONSES)];
    const first = await responses.begin();
    const second = await chat.close({ ...first, history: HELLO });
    expect(second).toMatchObject({ text: 'It goes out.', tokens: 11 });
    const again = WHOLE_RESPONSES.give(first, [{ id: findCall(first), value: { approved: true } }]);
    expect(readError(await responses.post(again))).toMatchObject({ status: 409, code: 'wait_already_answered' });
    const { calls } = await chat.begin();
    bench.upstream.next(scriptStream('It goes out.'));
    const [{ id, name, shown }] = calls as readonly [AskedCall];
    const input = [
      { type: 'function_call', call_id: id, name, arguments: JSON.stringify(shown) },
      { type: 'function_call_output', call_id: id, output: [{ type: 'input_text', text: '{"approved":true}' }] },
    ];
    expect(await responses.tell({ input, store: false })).toMatchObject({ text: 'It goes out.' });
  });

  /** What a client reads of a run's segments, each by the protocol that tells it; null: the run's own id alone does. */
  async function readSegments(
    run: string,
  ): Promise<readonly (readonly [door: string | null, text: string, calls: number])[]> {
    const { segments } = (await readRun(bench.app, run, ANN)) as unknown as {
      segments: { completion_id: string | null; response_id: string | null }[];
    };
    const told = segments.map(async ({ completion_id: completion, response_id: response }) => {
      const [door, id] = completion === null ? [WHOLE_RESPONSES, response] : [WHOLE_CHAT, completion];
      if (id === null) return [null, '', 0] as const;
      const json: unknown = JSON.parse(await door.retrieve(bench.app, id, ANN));
      const answer = { status: 200, json, text: JSON.stringify(json), headers: {} } as HttpResponse;
      const { text, calls, id: own } = door.read(answer, door.say(''));
      expect(own).toBe(id);
      return [door === WHOLE_CHAT ? 'chat' : 'responses', text, calls.length] as const;
    });
    return Promise.all(told);
  }

  /** Goes on with the conversation of a response that nobody but its run's owner knows of. */
  async function goOnWithLast(run: string): Promise<void> {
    const { segments } = (await readRun(bench.app, run, ANN)) as unknown as { segments: { response_id: string }[] };
    const before = { id: segments.at(-1)!.response_id } as ToldAnswer;
    bench.upstream.next(scriptStream('Another draft.'));
    const body = { model: 'approval', ...WHOLE_RESPONSES.say('And the concert?', before) };
    const next = WHOLE_RESPONSES.read(await WHOLE_RESPONSES.post(bench.app, body, ANN), body);
    expect(next.calls).toHaveLength(1);
    const { messages } = bench.upstream.requests.at(-1)!.body as unknown as { messages: { role: string }[] };
    expect(messages.map(({ role }) => role)).toEqual(['system', 'user', 'assistant', 'tool', 'assistant', 'user']);
  }

  const DOORS = ['chat', 'responses', 'runs'] as const;
  it.each(DOORS.flatMap((begun) => DOORS.map((answered) => [begun, answered] as const)))(
    'is begun over %s and answered over %s, and told by those that can tell it, to be gone on with',
    async (begun, answered) => {
      const { app } = bench;
      const use = (door: 'chat' | 'responses') => useDoor(door === 'chat' ? WHOLE_CHAT : WHOLE_RESPONSES);
      let run: string;
      let came: string;
      if (begun === 'runs') {
        bench.upstream.next(scriptStream('A draft.'));
        run = (await callRun(app, 'POST', '', ANN, { model: 'approval', input: 'Announce it' })).json!['id' as never];
      } else run = String((await use(begun).begin()).headers['millrace-run-id']);
      const { waits } = (await endRun(app, run, ANN)) as unknown as { waits: { call_id: string }[] };
      const asked = { id: waits[0]!.call_id, name: 'approve', shown: {} };
      const previous = (await readRun(app, run, ANN)) as unknown as { segments: { response_id: string }[] };
      if (answered === 'runs') {
        bench.upstream.next(scriptStream('It goes out.'));
        const body = { value: { approved: true } };
        came = String((await callRun(app, 'POST', `${run}/waits/approve`, ANN, body)).status);
      } else {
        const id = previous.segments[0]!.response_id;
        // Without a response before it, a client gives the call beside its output.
        const call = { type: 'function_call', call_id: asked.id, name: 'approve', arguments: '{}' };
        const output = { type: 'function_call_output', call_id: asked.id, output: '{"approved":true}' };
        bench.upstream.next(scriptStream('It goes out.'));
        const told =
          answered === 'chat'
            ? await use('chat').tell(
                WHOLE_CHAT.give({ history: HELLO } as unknown as ToldAnswer, [{ ...asked, value: { approved: true } }]),
              )
            : await use('responses').tell(
                begun === 'responses' ? { input: [output], previous_response_id: id } : { input: [call, output] },
              );
        came = told.text;
      }
      expect(came).toBe(answered === 'runs' ? '200' : 'It goes out.');
      expect(await endRun(app, run, ANN)).toMatchObject({
        status: 'completed',
        attempts: 1,
        output: 'A draft.\n\nIt goes out.',
      });
      const first = begun === 'runs' ? [null, '', 0] : [begun, 'A draft.', 1];
      const teller = answered === 'runs' ? begun : answered;
      const rest = teller === 'runs' ? [] : [[teller, 'It goes out.', 0]];
      expect(await readSegments(run)).toEqual([first, ...rest]);
      if (teller === 'responses' && begun === 'responses') await goOnWithLast(run);
    },
  );

  it.each(['chat', 'responses'] as const)('is told over %s when nobody has answered in time', async (protocol) => {
    const door = protocol === 'chat' ? WHOLE_CHAT : WHOLE_RESPONSES;
    const body = { model: 'patient', ...door.say('Go') };
    const first = door.read(await door.post(bench.app, body, ANN), body);
    const run = String(first.headers['millrace-run-id']);
    clock.leap(DAY_MS / 2);
    expect(await endRun(bench.app, run, ANN)).toMatchObject({ status: 'completed', attempts: 1 });
    expect(await readSegments(run)).toEqual([
      [protocol, 'Two questions.', 1],
      [protocol, '1 euros in Ulm.', 0],
    ]);
    const late = { model: 'patient', ...door.give(first, [{ id: findCall(first), value: { euros: 2 } }]) };
    const refused = readError(await door.post(bench.app, late, ANN));
    expect(refused).toMatchObject({ status: 409, code: 'wait_expired' });
    expect(refused.message).toContain(run);
  });

  it('takes no answer while the run works because another wait has expired, and the same one as soon as it waits again', async () => {
    const door = gate();
    bench.upstream.next(scriptStream(['Here', door, '.']));
    const { id } = await beginRun(bench.app, { model: 'half-patient', input: 'Go' }, ANN);
    const waiting = async (): Promise<boolean> => (await readRun(bench.app, id, ANN)).status === 'waiting';
    await eventually(waiting);
    const answer = (): Promise<HttpResponse> =>
      callRun(bench.app, 'POST', `${id}/waits/price`, ANN, { value: { euros: 2 } });
    clock.leap(DAY_MS / 2);
    await door.reached;
    const refused = readError(await answer());
    expect(refused).toMatchObject({ status: 409, code: 'not_waiting' });
    expect(refused.message).toContain('Send the answer again');
    const answered = answer();
    door.open();
    expect(await answered).toMatchObject({ status: 200 });
    expect(await endRun(bench.app, id, ANN)).toMatchObject({
      status: 'completed',
      output: expect.stringMatching(/Here\.$/),
    });
  });

  it('takes the tools that clients declare for its waits, and leaves their own tools to them', async () => {
    const { post, begin, tell, close } = useDoor(WHOLE_CHAT);
    const declare = (name: string): object => ({
      type: 'function',
      function: { name, parameters: { type: 'object' } },
    });
    bench.upstream.next(scriptStream('A draft.'));
    const declared = { tools: [declare('approve')], tool_choice: 'auto', parallel_tool_calls: true };
    const first = await tell({ ...WHOLE_CHAT.say('Announce it'), ...declared });
    expect(bench.upstream.requests.at(-1)?.body).not.toHaveProperty('tools');
    expect((await close(first)).text).toBe('It goes out.');
    expect(
      readError(await post({ ...(await begin()), ...WHOLE_CHAT.say('x'), tools: [declare('other')] })),
    ).toMatchObject({
      status: 400,
      param: 'tools',
    });
    // Of models that are given tools: what they called is no wait, and its result begins a run.
    const tools = [declare('price'), declare('look')];
    bench.upstream.next(scriptToolCalls('call_look', 'look', {}));
    const called = await tell({ model: 'tools', tools, ...WHOLE_CHAT.say('Look') });
    expect(called.calls.map(({ name }) => name)).toEqual(['look', 'price']);
    const { body } = bench.upstream.requests.at(-1)!;
    expect(body).toMatchObject({ tools: [declare('look')] });
    bench.upstream.next(scriptStream('Seen.'));
    const looked = await tell({
      model: 'tools',
      tools,
      ...WHOLE_CHAT.give(called, [{ id: 'call_look', value: 'a cat' }]),
    });
    expect(looked.headers['millrace-run-id']).not.toBe(called.headers['millrace-run-id']);
    const price = { id: called.calls[1]!.id, value: { euros: 3 } };
    const both = WHOLE_CHAT.give(called, [{ id: 'call_look', value: 'a cat' }, price]);
    expect((await tell({ model: 'tools', tools, ...both })).headers['millrace-run-id']).toBe(
      called.headers['millrace-run-id'],
    );
  });

  it('asks and goes on in the background, too', async () => {
    const { app } = bench;
    const background = { model: 'approval', background: true };
    bench.upstream.next(scriptStream('A draft.', { usage: tokens(3, 4) }));
    const { id } = await beginResponse(app, background, ANN);
    const first = await eventually(async () => {
      const now = await retrieve(app, id, ANN);
      return now.status === 'completed' ? now : undefined;
    });
    const call = first.output.find((item) => item.type === 'function_call')!;
    expect(readStream((await followResponse(app, id, '', ANN)).text).response).toEqual(first);
    expect((await callResponse(app, 'POST', `${id}/cancel`, ANN)).status).toBe(400);
    const output = { type: 'function_call_output', call_id: call.call_id, output: '{"approved":true}' };
    const answer = { ...background, previous_response_id: id, input: [output] };
    expect(readError(await postJson(responsesUrl(app), { ...answer, input: 'Well?' }, ANN))).toMatchObject({
      status: 400,
      param: 'input',
    });
    const door = gate();
    bench.upstream.next(scriptStream(['It ', door, 'goes out.'], { usage: tokens(5, 6) }));
    const second = await beginResponse(app, answer, ANN);
    expect(second.status).toBe('queued');
    await eventually(async () => (await retrieve(app, second.id, ANN)).status === 'in_progress');
    expect((await beginResponse(app, answer, ANN)).id).toBe(second.id);
    // What comes before can be removed, and what comes goes on.
    expect((await callResponse(app, 'DELETE', id, ANN)).status).toBe(200);
    expect((await getJson(responseUrl(app, id), ANN)).status).toBe(404);
    expect((await followResponse(app, id, '', ANN)).status).toBe(404);
    door.open();
    const told = readStream((await followResponse(app, second.id, '', ANN)).text);
    expect(told).toMatchObject({
      text: 'It goes out.',
      response: { status: 'completed', usage: { total_tokens: 11 } },
    });
    expect(await retrieve(app, second.id, ANN)).toEqual(told.response);
    expect((await callResponse(app, 'DELETE', second.id, ANN)).status).toBe(200);
    expect((await getJson(responseUrl(app, second.id), ANN)).status).toBe(404);
  });
});

it('refuses workflows that wait where nothing is kept', async () => {
  const app = await TestApp.start({ env: { RUNS: 'off' } });
  try {
    for (const door of [WHOLE_CHAT, WHOLE_RESPONSES]) {
      const refused = await door.post(app, { model: 'approval', ...door.say('Hello') });
      expect(readError(refused)).toMatchObject({ status: 400, code: 'runs_disabled' });
    }
  } finally {
    await app.close();
  }
});
