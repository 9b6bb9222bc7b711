/** Calls an author's listener. Whatever it throws, now or later, is reported. */
export function callGuarded(call: () => unknown, report: (thrown: unknown) => void): void {
  try {
    const result = call();
    if (typeof result === 'object' && result !== null) Promise.resolve(result).then(undefined, report);
  } catch (thrown) {
    report(thrown);
  }
}

type EventListener = ((event: Event) => unknown) | { handleEvent(event: Event): unknown };

function canBeCalled(listener: unknown): listener is EventListener {
  return typeof listener === 'function' || (typeof listener === 'object' && listener !== null);
}

/**
 * On a signal: called with what its listeners throw. On `AbortSignal`: its `any` has been replaced. The same for all
 * copies of this file in a process, so that it is replaced once.
 */
const REPORT = Symbol.for('millrace.report-of-listeners');

interface GuardedSignal extends AbortSignal {
  [REPORT]?: (thrown: unknown) => void;
}

/**
 * Makes a signal report what its listeners throw or reject with, and those of signals that `AbortSignal.any` makes of
 * it. Node would throw it in a tick, as an uncaught error. Even if the process continues after that, a connection that
 * was read in the same turn is broken: Node's HTTP parser takes errors in ticks for its own, and refuses whatever the
 * client sends next. Call {@link guardDerivedSignals} before other code gets the signal.
 */
export function guardListeners(signal: AbortSignal, report: (thrown: unknown) => void): void {
  (signal as GuardedSignal)[REPORT] = report;
  const guards = new WeakMap<object, (event: Event) => void>();
  const findGuard = (listener: EventListener): ((event: Event) => void) => {
    const known = guards.get(listener);
    if (known !== undefined) return known;
    const guard = (event: Event): void => {
      callGuarded(
        () => (typeof listener === 'function' ? listener.call(signal, event) : listener.handleEvent(event)),
        report,
      );
    };
    guards.set(listener, guard);
    return guard;
  };
  const add = signal.addEventListener.bind(signal) as (...args: unknown[]) => void;
  const remove = signal.removeEventListener.bind(signal) as (...args: unknown[]) => void;
  signal.addEventListener = (type: string, listener: unknown, ...options: unknown[]): void =>
    add(type, canBeCalled(listener) ? findGuard(listener) : listener, ...options);
  signal.removeEventListener = (type: string, listener: unknown, ...options: unknown[]): void =>
    remove(type, canBeCalled(listener) ? (guards.get(listener) ?? listener) : listener, ...options);
}

let areDerivedGuarded = false;

/**
 * Makes sure that signals that `AbortSignal.any` makes of guarded ones are guarded, too. They cannot be found
 * otherwise, so the function is replaced, once.
 */
export function guardDerivedSignals(): void {
  if (areDerivedGuarded) return;
  areDerivedGuarded = true;
  if (REPORT in AbortSignal) return;
  const make = AbortSignal.any.bind(AbortSignal);
  const any = (signals: Iterable<GuardedSignal>): AbortSignal => {
    // Newer versions of Node take anything that can be iterated, and perhaps only once.
    const sources = [...signals];
    const derived = make(sources);
    const report = sources.find((source) => source[REPORT] !== undefined)?.[REPORT];
    if (report !== undefined) guardListeners(derived, report);
    return derived;
  };
  Object.defineProperty(AbortSignal, 'any', { ...Object.getOwnPropertyDescriptor(AbortSignal, 'any'), value: any });
  Object.defineProperty(AbortSignal, REPORT, { value: true });
}
