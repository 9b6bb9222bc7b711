import type { OpenWait } from '../../engine/index.js';
import type { JsonValue } from '../../kernel/index.js';

/** A wait for an answer, as clients see it. Times are whole seconds since the Unix epoch. */
export interface WaitObject {
  readonly name: string;
  /** The call id by which clients of protocols with function calls answer it. */
  readonly call_id: string;
  readonly shown: JsonValue;
  readonly schema: JsonValue;
  readonly asked_at: number;
  /** Null: never. */
  readonly expires_at: number | null;
}

/** Makes a wait as clients see it. */
export function describeWait({ name, callId, shown, schema, askedAt, expiresAt }: OpenWait): WaitObject {
  return {
    name,
    call_id: callId,
    shown,
    schema,
    asked_at: Math.floor(askedAt / 1_000),
    expires_at: expiresAt === null ? null : Math.ceil(expiresAt / 1_000),
  };
}
