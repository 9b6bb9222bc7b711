import { Stream } from 'openai/core/streaming';
import { SseParser } from '../../dist/streaming/index.js';
import { CompletionReader } from '../../dist/models/openai/completion-reader.js';
import { makeToken } from '../token.mjs';
import { Chunks } from '../upstream/chunks.mjs';
import { measureTime } from './timing.mjs';

const EVENTS = 5_000;
const SCOPE = { noteIdentity: () => undefined, noteUsage: () => undefined };

/** An upstream's response as its reads: one event in each, or several. */
function listReads(eventsPerRead) {
  const chunks = new Chunks({ model: 'bench', includeUsage: true });
  const frames = Array.from({ length: EVENTS }, () => chunks.content(makeToken()));
  frames.push(`${chunks.finish()}${chunks.usage(EVENTS)}data: [DONE]\n\n`);
  const reads = [];
  for (let i = 0; i < frames.length; i += eventsPerRead) {
    reads.push(Buffer.from(frames.slice(i, i + eventsPerRead).join('')));
  }
  return reads;
}

function makeResponse(reads) {
  let next = 0;
  const body = new ReadableStream({
    pull(controller) {
      if (next < reads.length) controller.enqueue(reads[next++]);
      else controller.close();
    },
  });
  return new Response(body, { headers: { 'content-type': 'text/event-stream' } });
}

async function readWithMillrace(reads) {
  const reader = new CompletionReader(SCOPE, 8 * 1024 * 1024);
  let batch = [];
  let deltas = 0;
  const parser = new SseParser((data) => {
    if (data !== '[DONE]') reader.read(data, batch);
  });
  const body = makeResponse(reads).body.getReader();
  for (let read = await body.read(); !read.done; read = await body.read()) {
    parser.push(read.value);
    deltas += batch.length;
    batch = [];
  }
  parser.end();
  if (deltas !== EVENTS || reader.finishReason !== 'stop') throw new Error(`${deltas} deltas were read`);
}

async function readWithSdk(reads) {
  let deltas = 0;
  for await (const chunk of Stream.fromSSEResponse(makeResponse(reads), new AbortController())) {
    if (chunk.choices[0]?.delta.content) deltas++;
  }
  if (deltas !== EVENTS) throw new Error(`${deltas} deltas were read`);
}

/** An upstream's events to deltas, against the SDK's stream over the same bytes. */
export async function measureParsing({ rounds } = {}) {
  const timings = [];
  for (const perRead of [1, 10]) {
    const reads = listReads(perRead);
    const way = perRead === 1 ? 'one event in a read' : `${perRead} events in a read`;
    const common = { part: 'parse', items: EVENTS, rounds };
    timings.push(
      await measureTime({
        ...common,
        name: `SseParser and CompletionReader, ${way}`,
        call: () => readWithMillrace(reads),
      }),
    );
    timings.push(
      await measureTime({ ...common, name: `for await of the SDK's stream, ${way}`, call: () => readWithSdk(reads) }),
    );
  }
  return timings;
}
