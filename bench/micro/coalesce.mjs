import { Subject } from 'rxjs';
import { SystemClock } from '../../dist/kernel/index.js';
import { coalesce as coalesced, mergeDeltas } from '../../dist/streaming/index.js';
import { measureTime } from './timing.mjs';

const DELTAS = 200_000;

function pass(operator) {
  const subject = new Subject();
  let characters = 0;
  (operator === undefined ? subject : subject.pipe(operator)).subscribe(({ text }) => (characters += text.length));
  for (let i = 0; i < DELTAS; i++) subject.next({ type: 'content', text: 'word ' });
  subject.complete();
  if (characters !== DELTAS * 5) throw new Error('Text was lost.');
}

const makeOperator = (windowMs) =>
  coalesced({ clock: new SystemClock(), chooseWindow: () => windowMs, merge: mergeDeltas });

/** A delta through the debounce, in a flow that is faster than its window, and without a window. */
export async function measureCoalescing({ rounds } = {}) {
  const common = { part: 'coalesce', items: DELTAS, rounds };
  return [
    await measureTime({ ...common, name: 'window of 10 ms, merging', call: () => pass(makeOperator(10)) }),
    await measureTime({ ...common, name: 'no window', call: () => pass(makeOperator(0)) }),
    await measureTime({ ...common, name: 'a bare Subject', call: () => pass() }),
  ];
}
