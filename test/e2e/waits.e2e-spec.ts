import { afterAll, beforeAll, describe, expect, it, jest } from '@jest/globals';
import { DocumentStore } from '../../src/runs/index.js';
import { TWO_QUESTIONS } from '../fixtures/waiting-workflows.js';
import { Bench, LeapingClock, TestApp } from '../support/bench.js';
import { eventually } from '../support/checks.js';
import { getJson, postJson } from '../support/client.js';
import type { WireResponse } from '../support/response-schemas.js';
import * as logged from '../support/logged.js';
import { scriptStream, steps, tokens } from '../support/upstream/index.js';
import { findCall, useDoor, WHOLE_CHAT, WHOLE_RESPONSES } from '../support/waiting-bench.js';
import { readError, type WaitingSegment, WAITING_DOORS } from '../support/waiting-doors.js';
import { ANN, BOB, KEYS } from '../support/callers.js';

const DAY_MS = 86_400_000;

describe('a workflow that waits for answers', () => {
  let bench: Bench;
  let clock: LeapingClock;
  beforeAll(async () => {
    clock = new LeapingClock();
    bench = await Bench.start({ clock, env: KEYS, imports: [TWO_QUESTIONS] });
  });
  afterAll(() => bench.close());

  const countRuns = async (): Promise<number> => {
    const { json } = await logged.callRun(bench.app, 'GET', '?limit=100', ANN);
    return (json as { data: unknown[] }).data.length;
  };

  describe.each(WAITING_DOORS)('over $name', (door) => {
    const { post, tell, begin, close } = useDoor(() => bench, door);

    it('asks by a tool call and continues with its output; each response has its own text and usage', async () => {
      const first = await begin();
      const calls = [{ id: expect.any(String), name: 'approve', shown: { draft: 'A draft.' } }];
      expect(first).toMatchObject({ text: 'A draft.', tokens: 7, calls });
      const second = await close(first, { approved: true, comment: 'Nice' });
      const run = String(first.headers['millrace-run-id']);
      expect(second).toMatchObject({
        text: 'It goes out.',
        calls: [],
        tokens: 11,
        headers: { 'millrace-run-id': run },
      });
      expect(second.id).not.toBe(first.id);
      const kept = [first, second].map(({ id }) => door.retrieve(bench.app, id, ANN));
      expect(await Promise.all(kept)).toEqual([first.kept, second.kept]);
      expect(await logged.readRun(bench.app, run, ANN)).toMatchObject({
        status: 'completed',
        output: 'A draft.\n\nIt goes out.',
        usage: tokens(8, 10),
      });
      expect(JSON.stringify(bench.upstream.requests.at(-1)?.body)).toContain('it goes out now');
    });

    it('gives the same response to the same answer, however often it is sent, and takes no other answer', async () => {
      const first = await begin();
      const second = await close(first, { approved: true, comment: 'Nice' });
      const giveAnswer = (value: unknown) => door.give(first, [{ id: findCall(first), value }]);
      const again = await tell(giveAnswer('{ "comment": "Nice", "approved": true }'));
      expect(again).toMatchObject({ id: second.id, kept: second.kept, headers: { 'idempotent-replayed': 'true' } });
      expect(second.headers['idempotent-replayed']).toBeUndefined();
      expect(readError(await post(giveAnswer({ approved: false })))).toMatchObject({
        status: 409,
        code: 'wait_already_answered',
      });
    });

    it('refuses an answer that does not fit, and keeps waiting', async () => {
      const first = await begin();
      const runs = await countRuns();
      const refuse = async (value: unknown) =>
        readError(await post(door.give(first, [{ id: findCall(first), value }])));
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
      expect(await countRuns()).toBe(runs);
      expect((await close(first)).text).toBe('It goes out.');
    });

    it('refuses an answer to a call that does not exist or belongs to another key, and keeps waiting', async () => {
      const first = await begin();
      const id = findCall(first);
      const runs = await countRuns();
      const refuse = async (value: unknown, callId = id, headers = ANN) =>
        readError(await post(door.give(first, [{ id: callId, value }]), headers));
      expect(await refuse({ approved: true }, 'call_unknown')).toMatchObject({ status: 404, code: 'wait_not_found' });
      expect(await refuse({ approved: true }, id, BOB)).toMatchObject({ status: 404, code: 'wait_not_found' });
      expect(await countRuns()).toBe(runs);
      expect((await close(first)).text).toBe('It goes out.');
    });

    it('asks for the open answers when it has some, and needs only those', async () => {
      const ask = (body: object): Promise<WaitingSegment> => tell({ model: 'test', ...body, stream_options: null });
      const first = await ask(door.say('Go'));
      expect(first).toMatchObject({ text: 'Two questions.', calls: [{ name: 'price' }, { name: 'place' }] });
      const [price, place] = first.calls.map(({ id }) => id) as [string, string];
      const part = door.give(first, [{ id: place, value: { town: 'Ulm' } }]);
      const second = await ask(part);
      expect(second).toMatchObject({ text: '', calls: [first.calls[0]], tokens: undefined });
      expect(await ask(part)).toMatchObject({ id: second.id, kept: second.kept });
      const third = await ask(door.give(second, [{ id: price, value: { euros: 7 } }]));
      expect(third).toMatchObject({ text: '7 euros in Ulm.', calls: [] });
      // A client that sends all outputs of a turn together repeats the first one.
      const both = [
        { id: place, value: { town: 'Ulm' } },
        { id: price, value: { euros: 7 } },
      ];
      expect(await ask(door.give(first, both))).toMatchObject({ id: third.id, kept: third.kept });
      expect(await ask(part)).toMatchObject({ id: second.id, kept: second.kept });
    });

    it('is a conversation that continues when its run is over', async () => {
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
      expect(await logged.endRun(bench.app, run, ANN)).toMatchObject({
        status: 'failed',
        error: { code: 'wait_expired' },
      });
      const late = door.give(first, [{ id: findCall(first), value: { approved: true } }]);
      expect(readError(await post(late))).toMatchObject({ status: 409, code: 'wait_expired' });
      expect(await door.retrieve(bench.app, first.id, ANN)).toBe(first.kept);
    });
  });

  describe('in the background', () => {
    const background = { model: 'approval', background: true };
    /** Starts a response that waits for an answer, and builds the request that answers it. */
    async function ask() {
      bench.upstream.next(scriptStream('A draft.', { usage: tokens(3, 4) }));
      const { id } = await logged.beginResponse(bench.app, background, ANN);
      const first = await eventually(async () => {
        const now = await logged.retrieve(bench.app, id, ANN);
        return now.status === 'completed' ? now : undefined;
      });
      return { id, first, answer: buildAnswer(first) };
    }

    function buildAnswer({ id, output }: WireResponse): object {
      const call = output.find((item) => item.type === 'function_call')!;
      const given = { type: 'function_call_output', call_id: call.call_id, output: '{"approved":true}' };
      return { ...background, previous_response_id: id, input: [given] };
    }

    it('asks like any response that has completed', async () => {
      const { id, first, answer } = await ask();
      expect(logged.readStream((await logged.followResponse(bench.app, id, '', ANN)).text).response).toEqual(first);
      expect((await logged.callResponse(bench.app, 'POST', `${id}/cancel`, ANN)).status).toBe(400);
      const other = await postJson(logged.responsesUrl(bench.app), { ...answer, input: 'Well?' }, ANN);
      expect(readError(other)).toMatchObject({ status: 400, param: 'input' });
    });

    it('has not completed before its answer is accepted, though the response is stored by then', async () => {
      const documents = bench.app.get(DocumentStore);
      const put = documents.put.bind(documents);
      const stored = steps.gate();
      jest.spyOn(documents, 'put').mockImplementation(async (document) => {
        const verdict = await put(document);
        if (document.kind === 'response') {
          stored.arrive();
          await stored.until;
        }
        return verdict;
      });
      bench.upstream.next(scriptStream('A draft.'));
      const { id } = await logged.beginResponse(bench.app, background, ANN);
      await stored.reached;
      expect((await logged.retrieve(bench.app, id, ANN)).status).toBe('in_progress');
      stored.open();
      const first = await eventually(async () => {
        const now = await logged.retrieve(bench.app, id, ANN);
        return now.status === 'completed' ? now : undefined;
      });
      bench.upstream.next(scriptStream('It goes out.'));
      expect((await logged.beginResponse(bench.app, buildAnswer(first), ANN)).status).toBe('queued');
    });

    it('continues in one response for the same answer, though what came before is removed', async () => {
      const { app } = bench;
      const { id, answer } = await ask();
      const door = steps.gate();
      bench.upstream.next(scriptStream(['It ', door, 'goes out.'], { usage: tokens(5, 6) }));
      const second = await logged.beginResponse(app, answer, ANN);
      expect(second.status).toBe('queued');
      await eventually(async () => (await logged.retrieve(app, second.id, ANN)).status === 'in_progress');
      expect((await logged.beginResponse(app, answer, ANN)).id).toBe(second.id);
      expect(await removeAndMiss(id)).toEqual([200, 404, 404]);
      door.open();
      const told = logged.readStream((await logged.followResponse(app, second.id, '', ANN)).text);
      const response = { status: 'completed', usage: { total_tokens: 11 } };
      expect(told).toMatchObject({ text: 'It goes out.', response });
      expect(await logged.retrieve(app, second.id, ANN)).toEqual(told.response);
      expect(await removeAndMiss(second.id)).toEqual([200, 404, 404]);
    });

    /**
     * Removes a response, and requests it and its stream.
     * @returns the statuses
     */
    async function removeAndMiss(id: string): Promise<readonly number[]> {
      const removed = await logged.callResponse(bench.app, 'DELETE', id, ANN);
      const missed = [
        await getJson(logged.responseUrl(bench.app, id), ANN),
        await logged.followResponse(bench.app, id, '', ANN),
      ];
      return [removed, ...missed].map(({ status }) => status);
    }
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
