import { runInNewContext } from 'node:vm';
import type { GenerateOptions } from 'json-schema-faker';
import { UpstreamError } from '../../../errors/index.js';
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

interface Attempt extends GenerateOptions {
  readonly tries: number;
  readonly favourValues: boolean;
  readonly ownText: boolean;
}

/** From what says most to what most schemas allow. */
const ATTEMPTS: readonly Attempt[] = [
  { tries: 3, favourValues: true, ownText: true, optionalsProbability: 1, minItems: 1, maxItems: 3, maxDepth: 10 },
  { tries: 3, favourValues: true, ownText: false, optionalsProbability: 1, minItems: 1, maxItems: 3, maxDepth: 10 },
  { tries: 4, favourValues: false, ownText: true, optionalsProbability: 1, maxItems: 2, maxDepth: 20 },
  { tries: 6, favourValues: false, ownText: true, optionalsProbability: 0, maxItems: 1, maxDepth: 60 },
  { tries: 8, favourValues: false, ownText: false, optionalsProbability: 1, maxItems: 3, maxDepth: 20 },
  { tries: 12, favourValues: false, ownText: false, optionalsProbability: 0, maxItems: 0, maxDepth: 60 },
];
/** Patterns and sizes that a client sends could keep the process busy for ever. */
const TIME_LIMIT_MS = 500;

/**
 * Makes a value that fits any JSON schema and says something about the conversation, as JSON. Properties come in the order
 * of the schema. The faker is not exact in everything (it does not solve combined schemas), so each of its values is
 * checked, and others are tried until one fits.
 *
 * @throws UpstreamError (400) if none does: the schema allows nothing, or nothing that can be found in half a second
 */
export async function makeInstance({ schema, seed, textFor, param }: InstanceRequest): Promise<string> {
  const { generateSync } = await import('json-schema-faker');
  const conformance = new Conformance(schema);
  let instance: string | undefined;
  let failure: unknown;
  const search = (): void => {
    for (const { tries, favourValues, ownText, ...options } of ATTEMPTS) {
      for (let attempt = 0; attempt < tries; attempt++) {
        try {
          const value = generateSync(prepareSchema(schema, favourValues), {
            ...options,
            seed: seed + attempt,
            outputTransform: meaningful(ownText ? textFor : undefined),
            formats: FORMAT_GENERATORS,
          });
          if (value === undefined) continue;
          // Checked as the client will read it.
          const json = JSON.stringify(value);
          if (!conformance.accepts(JSON.parse(json))) continue;
          instance = json;
          return;
        } catch (error) {
          failure = error;
        }
      }
    }
  };
  try {
    // No sandbox: only the engine's way to end a computation that does not end by itself.
    runInNewContext('search()', { search }, { timeout: TIME_LIMIT_MS });
  } catch (error) {
    failure = error;
  }
  if (instance !== undefined) return instance;
  throw new UpstreamError(
    `The demo found no value that fits a JSON schema in \`${param}\`. Simplify the schema, or set OPENAI_API_KEY to have a real model answer.`,
    {
      status: 400,
      type: 'invalid_request_error',
      code: 'invalid_json_schema',
      param,
      retryable: false,
      cause: failure,
    },
  );
}
