import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import { HALF_PATIENT, OWN_TOOLS, PATIENT } from '../fixtures/waiting-workflows.js';
import { Bench, LeapingClock } from '../support/bench.js';
import { eventually } from '../support/checks.js';
import { HELLO, type HttpResponse } from '../support/client.js';
import * as logged from '../support/logged.js';
import { scriptStream, scriptToolCalls, steps } from '../support/upstream/index.js';
import { findCall, useDoor, WHOLE_CHAT, WHOLE_RESPONSES } from '../support/waiting-bench.js';
import { type AskedCall, readError, type WaitingSegment } from '../support/waiting-doors.js';
import { ANN, KEYS } from '../support/callers.js';

const DAY_MS = 86_400_000;

describe('a workflow that waits for answers', () => {
  let bench: Bench;
  let clock: LeapingClock;
  beforeAll(async () => {
    clock = new LeapingClock();
    bench = await Bench.start({ clock, env: KEYS, imports: [OWN_TOOLS, PATIENT, HALF_PATIENT] });
  });
  afterAll(() => bench.close());

  it('continues when its client leaves, which can read the rest later', async () => {
    const { begin, post } = useDoor(() => bench, WHOLE_CHAT);
    const first = await begin();
    const door = steps.gate();
    bench.upstream.next(scriptStream(['It ', door, 'goes out.']));
    const given = WHOLE_CHAT.give(first, [{ id: findCall(first), value: { approved: true } }]);
    const stream = await bench.open({ model: 'approval', ...given }, ANN);
    const chunk = await stream.until((item) => item.kind === 'data' && item.data.includes('It '));
    stream.destroy();
    await stream.closed;
    expect(chunk).not.toHaveProperty('id');
    const { id } = (chunk as { json: { id: string } }).json;
    expect(await logged.retrieveCompletion(bench.app, id, ANN)).toMatchObject({
      status: 409,
      json: { error: { code: 'run_not_finished' } },
    });
    door.open();
    await logged.endRun(bench.app, String(first.headers['millrace-run-id']), ANN);
    expect(WHOLE_CHAT.read(await post(given), given)).toMatchObject({ id, text: 'It goes out.' });
    // This stream, too, can be read from a number on.
    const all = await logged.followCompletion(bench.app, id, '', ANN);
    const numbers = [...all.text.matchAll(/^id: (\d+)$/gm)].map(([, number]) => number);
    const rest = await logged.followCompletion(bench.app, id, `&starting_after=${numbers[0]}`, ANN);
    expect(all.text).toContain(rest.text.replaceAll(/^(?:: .*\n\n|retry: \d+\n)/gm, ''));
    const last = { ...ANN, 'last-event-id': String(numbers.at(-1)) };
    expect(await logged.followCompletion(bench.app, id, '', last)).toMatchObject({ status: 204 });
  });

  it('is answered by any protocol, and tells the others that it was', async () => {
    const [chat, responses] = [useDoor(() => bench, WHOLE_CHAT), useDoor(() => bench, WHOLE_RESPONSES)];
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

  /** The output of a run's segments, each read through its own protocol; null: only its run's own id can be used. */
  async function readSegments(
    run: string,
  ): Promise<readonly (readonly [door: string | null, text: string, calls: number])[]> {
    const { segments } = (await logged.readRun(bench.app, run, ANN)) as unknown as {
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

  /** Continues the conversation of a response whose id only the owner of its run can know. */
  async function goOnWithLast(run: string): Promise<void> {
    const { segments } = (await logged.readRun(bench.app, run, ANN)) as unknown as {
      segments: { response_id: string }[];
    };
    const before = { id: segments.at(-1)!.response_id } as WaitingSegment;
    bench.upstream.next(scriptStream('Another draft.'));
    const body = { model: 'approval', ...WHOLE_RESPONSES.say('And the concert?', before) };
    const next = WHOLE_RESPONSES.read(await WHOLE_RESPONSES.post(bench.app, body, ANN), body);
    expect(next.calls).toHaveLength(1);
    const { messages } = bench.upstream.requests.at(-1)!.body as unknown as { messages: { role: string }[] };
    expect(messages.map(({ role }) => role)).toEqual(['system', 'user', 'assistant', 'tool', 'assistant', 'user']);
  }

  const DOORS = ['chat', 'responses', 'runs'] as const;
  it.each(DOORS.flatMap((begun) => DOORS.map((answered) => [begun, answered] as const)))(
    'is begun over %s and answered over %s; each protocol that can shows its part, and the conversation can continue',
    async (begun, answered) => {
      const { app } = bench;
      const use = (door: 'chat' | 'responses') => useDoor(() => bench, door === 'chat' ? WHOLE_CHAT : WHOLE_RESPONSES);
      let run: string;
      let came: string;
      if (begun === 'runs') {
        bench.upstream.next(scriptStream('A draft.'));
        run = (await logged.callRun(app, 'POST', '', ANN, { model: 'approval', input: 'Announce it' })).json![
          'id' as never
        ];
      } else run = String((await use(begun).begin()).headers['millrace-run-id']);
      const { waits } = (await logged.endRun(app, run, ANN)) as unknown as { waits: { call_id: string }[] };
      const asked = { id: waits[0]!.call_id, name: 'approve', shown: {} };
      const previous = (await logged.readRun(app, run, ANN)) as unknown as { segments: { response_id: string }[] };
      if (answered === 'runs') {
        bench.upstream.next(scriptStream('It goes out.'));
        const body = { value: { approved: true } };
        came = String((await logged.callRun(app, 'POST', `${run}/waits/approve`, ANN, body)).status);
      } else {
        const id = previous.segments[0]!.response_id;
        // Without a previous response, a client sends the call together with its output.
        const call = { type: 'function_call', call_id: asked.id, name: 'approve', arguments: '{}' };
        const output = { type: 'function_call_output', call_id: asked.id, output: '{"approved":true}' };
        bench.upstream.next(scriptStream('It goes out.'));
        const told =
          answered === 'chat'
            ? await use('chat').tell(
                WHOLE_CHAT.give({ history: HELLO } as unknown as WaitingSegment, [
                  { ...asked, value: { approved: true } },
                ]),
              )
            : await use('responses').tell(
                begun === 'responses' ? { input: [output], previous_response_id: id } : { input: [call, output] },
              );
        came = told.text;
      }
      expect(came).toBe(answered === 'runs' ? '200' : 'It goes out.');
      expect(await logged.endRun(app, run, ANN)).toMatchObject({
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

  it.each(['chat', 'responses'] as const)('is told over %s if nobody has answered in time', async (protocol) => {
    const door = protocol === 'chat' ? WHOLE_CHAT : WHOLE_RESPONSES;
    const body = { model: 'patient', ...door.say('Go') };
    const first = door.read(await door.post(bench.app, body, ANN), body);
    const run = String(first.headers['millrace-run-id']);
    clock.leap(DAY_MS / 2);
    expect(await logged.endRun(bench.app, run, ANN)).toMatchObject({ status: 'completed', attempts: 1 });
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
    const door = steps.gate();
    bench.upstream.next(scriptStream(['Here', door, '.']));
    const { id } = await logged.beginRun(bench.app, { model: 'half-patient', input: 'Go' }, ANN);
    const isWaiting = async (): Promise<boolean> => (await logged.readRun(bench.app, id, ANN)).status === 'waiting';
    await eventually(isWaiting);
    const answer = (): Promise<HttpResponse> =>
      logged.callRun(bench.app, 'POST', `${id}/waits/price`, ANN, { value: { euros: 2 } });
    clock.leap(DAY_MS / 2);
    await door.reached;
    const refused = readError(await answer());
    expect(refused).toMatchObject({ status: 409, code: 'not_waiting' });
    expect(refused.message).toContain('Send the answer again');
    const answered = answer();
    door.open();
    expect(await answered).toMatchObject({ status: 200 });
    expect(await logged.endRun(bench.app, id, ANN)).toMatchObject({
      status: 'completed',
      output: expect.stringMatching(/Here\.$/),
    });
  });

  const declare = (name: string): object => ({
    type: 'function',
    function: { name, parameters: { type: 'object' } },
  });

  it('takes the tools that clients declare for its waits', async () => {
    const { post, begin, tell, close } = useDoor(() => bench, WHOLE_CHAT);
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
  });

  it('leaves calls of the tools of a client to that client: their results begin a new run', async () => {
    const { tell } = useDoor(() => bench, WHOLE_CHAT);
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
});
