/**
 * Code that must compile, and code that must not, as in `wiring.types.ts`: the events of a run, and those that only observers get,
 * are plain JSON.
 */
import { expectTypeOf } from 'expect-type';
import type { ObserverEvent, RunEvent } from '../../src/engine/index.js';
import type { JsonValue } from '../../src/kernel/index.js';
import type { AgentEvent } from '../../src/workflow/index.js';

/** The same type without its interfaces: TypeScript only compares such types with an index signature. */
type Bare<T> = T extends JsonValue ? T : T extends Callable ? Callable : T extends object ? Bared<T> : T;
type Bared<T> = { [Key in keyof T]: Bare<T[Key]> };
type Callable = (...parameters: never[]) => unknown;

expectTypeOf<Bare<RunEvent>>().toExtend<JsonValue>();
expectTypeOf<Bare<ObserverEvent>>().toExtend<JsonValue>();
expectTypeOf<Bare<AgentEvent>>().toExtend<JsonValue>();
expectTypeOf<Bare<ObserverEvent>>().toExtend<JsonValue>();

// These check the test itself: each type has a part that JSON cannot hold.
expectTypeOf<Bare<{ readonly error: Error }>>().not.toExtend<JsonValue>();
expectTypeOf<Bare<{ readonly output: unknown }>>().not.toExtend<JsonValue>();
expectTypeOf<Bare<{ readonly at: Date }>>().not.toExtend<JsonValue>();
expectTypeOf<Bare<{ readonly size: bigint }>>().not.toExtend<JsonValue>();
