import { Cancellation, SystemClock } from '../../dist/kernel/index.js';
import { CompletionStream } from '../../dist/models/openai/completion-stream.js';
import { JsonTextFilter } from '../../dist/models/openai/output/json-text.js';
import { measureTime } from './timing.mjs';

const READS = 20_000;
const ROUNDS = 15;
const WARM_UP = 5;
const EVENT = Buffer.from('data: {"choices":[{"delta":{"content":"{\\"word\\":1 "}}]}\n\n');
const END = Buffer.from('data: {"choices":[{"delta":{},"finish_reason":"stop"}]}\n\ndata: [DONE]\n\n');
const CONTROLS = {
  signal: new Cancellation(),
  noteIdentity: () => undefined,
  canWait: () => true,
  noteRequestId: () => undefined,
  noteRetry: () => undefined,
  noteUsage: () => undefined,
};

/** The body of a response whose reads bring one small event each. */
class Body {
  #left = READS;
  hasBytes = false;
  async read() {
    const left = this.#left--;
    return left > 0 ? EVENT : left === 0 ? END : undefined;
  }
}

async function drain(filters) {
  const options = {
    request: async () => ({
      status: 200,
      headers: { 'content-type': 'text/event-stream' },
      body: new Body(),
      text: '',
    }),
    controls: CONTROLS,
    limits: { firstTokenTimeoutMs: 60_000, idleTimeoutMs: 60_000, maxCompletionLength: 8 * 1024 * 1024 },
    habit: { endsInSilence: false },
    unknown: { add: () => undefined },
    clock: new SystemClock(),
  };
  const completion = new CompletionStream(options, filters);
  let deltas = 0;
  const batches = completion.read();
  for (let next = await batches.next(); !next.done; next = await batches.next()) deltas += next.value.length;
  if (deltas !== READS) throw new Error(`${deltas} deltas were read`);
}

/** A read of a completion on its whole way to a batch of deltas, parsing included: as it is, and through a filter. */
export async function measureCompletion({ rounds = ROUNDS } = {}) {
  const common = { part: 'completion', rounds, warmUp: WARM_UP, items: READS };
  return [
    await measureTime({ ...common, name: 'read', call: () => drain([]) }),
    await measureTime({
      ...common,
      name: 'read of a structured output',
      call: () => drain([new JsonTextFilter({ isArray: false, isTrusting: true })]),
    }),
  ];
}
