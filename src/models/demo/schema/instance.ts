import { setImmediate } from 'node:timers/promises';
import { runInNewContext } from 'node:vm';
import type { GenerateOptions } from 'json-schema-faker';
import { UpstreamError } from '../../../errors/index.js';
import { findExcess } from './bounds.js';
import { Conformance } from './conformance.js';
import { FORMAT_GENERATORS } from './formats.js';
import { prepareSchema } from './preparation.js';
import { meaningful, type TextFor } from './values.js';

/** What an instance is made for and from. */
export interface InstanceRequest {
  readonly schema: unknown;
  /** Any integer; the same one gives the same instance. */
  readonly seed: number;
  readonly textFor: TextFor;
  /** Where the schema stands in the request, for the error. */
  readonly param: 'response_format' | 'tools';
}

interface Attempt {
  readonly tries: number;
  readonly favourValues: boolean;
  readonly ownText: boolean;
  readonly options: GenerateOptions;
}

/** From what says most to what most schemas allow. */
const ATTEMPTS: readonly Attempt[] = [
  {
    tries: 3,
    favourValues: true,
    ownText: true,
    options: { optionalsProbability: 1, minItems: 1, maxItems: 3, maxDepth: 10 },
  },
  {
    tries: 3,
    favourValues: true,
    ownText: false,
    options: { optionalsProbability: 1, minItems: 1, maxItems: 3, maxDepth: 10 },
  },
  { tries: 4, favourValues: false, ownText: true, options: { optionalsProbability: 1, maxItems: 2, maxDepth: 20 } },
  { tries: 6, favourValues: false, ownText: true, options: { optionalsProbability: 0, maxItems: 1, maxDepth: 60 } },
  { tries: 8, favourValues: false, ownText: false, options: { optionalsProbability: 1, maxItems: 3, maxDepth: 20 } },
  { tries: 12, favourValues: false, ownText: false, options: { optionalsProbability: 0, maxItems: 0, maxDepth: 60 } },
];
/** How long one value may take to make and check, in milliseconds: nothing else is served meanwhile. */
const TRY_LIMIT_MS = 200;
/** What the engine says of work that it has ended. */
const TIMED_OUT = 'ERR_SCRIPT_EXECUTION_TIMEOUT';
/** After so many tries that took too long none will do. */
const MOST_TIMEOUTS = 3;

/** The tries of all requests, one in each turn of the event loop. */
let lastTry: Promise<unknown> = Promise.resolve();

/**
 * Makes a value that fits any JSON schema and says something about the conversation, as JSON. Properties come in the order
 * of the schema. The faker is not exact in everything (it does not solve combined schemas), so each of its values is
 * checked, and others are tried until one fits.
 *
 * @throws UpstreamError (400) if none does: the schema allows nothing, asks for too much, or nothing can be found in a few tenths of a second
 */
export async function makeInstance({ schema, seed, textFor, param }: InstanceRequest): Promise<string> {
  const excess = findExcess(schema);
  if (excess !== undefined) throw noInstance(param, undefined, `: ${excess}`);
  const { generateSync } = await import('json-schema-faker');
  const conformance = new Conformance(schema);
  const make = ({ favourValues, ownText, options }: Attempt, number: number): string | undefined => {
    const value = generateSync(prepareSchema(schema, favourValues), {
      ...options,
      seed: seed + number,
      outputTransform: meaningful(ownText ? textFor : undefined),
      formats: FORMAT_GENERATORS,
    });
    if (value === undefined) return undefined;
    // Checked as the client will read it.
    const json = JSON.stringify(value);
    return conformance.accepts(JSON.parse(json)) ? json : undefined;
  };
  let timeouts = 0;
  let failure: unknown;
  for (const attempt of ATTEMPTS) {
    for (let number = 0; number < attempt.tries && timeouts < MOST_TIMEOUTS; number++) {
      try {
        const instance = await inOwnTurn(() => make(attempt, number));
        if (instance !== undefined) return instance;
      } catch (error) {
        failure = error;
        if (isTimeout(error)) timeouts++;
      }
    }
  }
  throw noInstance(param, failure);
}

/** Runs work in a turn of the event loop of its own, and ends it when it takes too long. */
function inOwnTurn<T>(work: () => T): Promise<T> {
  const run = async (): Promise<T> => {
    await setImmediate();
    // No sandbox: only the engine's way to end a computation that does not end by itself.
    return runInNewContext('work()', { work }, { timeout: TRY_LIMIT_MS }) as T;
  };
  const done = lastTry.then(run);
  lastTry = done.catch(() => undefined);
  return done;
}

function isTimeout(error: unknown): boolean {
  return typeof error === 'object' && error !== null && 'code' in error && error.code === TIMED_OUT;
}

function noInstance(param: InstanceRequest['param'], cause: unknown, reason = ''): UpstreamError {
  return new UpstreamError(
    `The demo found no value that fits a JSON schema in \`${param}\`${reason}. Simplify the schema, or set OPENAI_API_KEY to have a real model answer.`,
    { status: 400, type: 'invalid_request_error', code: 'invalid_json_schema', param, retryable: false, cause },
  );
}
