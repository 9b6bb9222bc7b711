import { z } from 'zod';

/** An event that `POST /api/public/ingestion` has stored. */
export interface StoredLegacyEvent {
  /** The id of the event. A later event with the same id replaces this one. */
  readonly id: string;
  readonly type: string;
  readonly timestamp: string;
  /** The fields that Langfuse knows; it silently drops all others. */
  readonly body: Readonly<Record<string, unknown>>;
}

/** The endpoint's verdict on one event. */
type LegacyVerdict =
  | { readonly event: StoredLegacyEvent }
  | {
      readonly refusal: {
        readonly id: string;
        readonly status: number;
        readonly message: string;
        readonly error: string;
      };
    };

const id = z.string().min(1).max(800);
const time = z.iso.datetime({ offset: true });
const metadata = z.json().nullish();
const environment = z
  .string()
  .regex(/^(?!langfuse)[a-z0-9-_]{1,40}$/)
  .catch('default')
  .default('default');

const trace = z.object({
  id: id.nullish(),
  timestamp: time.nullish(),
  name: z.string().max(1000).nullish(),
  input: z.unknown().optional(),
  output: z.unknown().optional(),
  sessionId: z.string().nullish(),
  userId: z.string().nullish(),
  environment,
  metadata,
  release: z.string().nullish(),
  version: z.string().nullish(),
  public: z.boolean().nullish(),
  tags: z.array(z.string()).nullish(),
});

const event = z.object({
  id,
  traceId: id.nullish(),
  environment,
  name: z.string().nullish(),
  startTime: time.nullish(),
  metadata,
  input: z.unknown().optional(),
  output: z.unknown().optional(),
  level: z.enum(['DEBUG', 'DEFAULT', 'WARNING', 'ERROR']).nullish(),
  statusMessage: z.string().nullish(),
  parentObservationId: z.string().nullish(),
  version: z.string().nullish(),
});

const span = event.extend({ endTime: time.nullish() });

const tokens = z.number().int().nullish();
const generation = span
  .extend({
    completionStartTime: time.nullish(),
    model: z.string().nullish(),
    // All servers accept scalars and lists of strings here; only some accept flat objects of strings.
    modelParameters: z
      .record(z.string(), z.union([z.string(), z.number(), z.boolean(), z.array(z.string())]).nullish())
      .nullish(),
    usage: z
      .object({
        input: tokens,
        output: tokens,
        total: tokens,
        promptTokens: tokens,
        completionTokens: tokens,
        totalTokens: tokens,
      })
      .nullish(),
    usageDetails: z.record(z.string(), z.number().int().nonnegative()).nullish(),
    promptName: z.string().nullish(),
    promptVersion: z.number().int().nullish(),
  })
  .refine((body) => !body.promptName === !body.promptVersion, 'promptName and promptVersion go together');

const envelope = { id, timestamp: time, metadata };
const ingestionEvent = z.discriminatedUnion('type', [
  z.object({ ...envelope, type: z.literal('trace-create'), body: trace }),
  z.object({ ...envelope, type: z.literal('event-create'), body: event }),
  z.object({ ...envelope, type: z.literal('span-create'), body: span }),
  z.object({ ...envelope, type: z.literal('span-update'), body: span }),
  z.object({ ...envelope, type: z.literal('generation-create'), body: generation }),
  z.object({ ...envelope, type: z.literal('generation-update'), body: generation }),
]);

/**
 * Judges an event as a Langfuse server does, after the schema in its public repository
 * (`packages/shared/src/server/ingestion/types.ts`).
 * @param acceptsTraces false on a server from version 4 on: it refuses every event of a trace
 */
export function judge(input: unknown, acceptsTraces: boolean): LegacyVerdict {
  const eventId = z.object({ id: z.string() }).safeParse(input).data?.id ?? 'unknown';
  if (!acceptsTraces) {
    const error = 'This event type is not accepted by /api/public/ingestion in events_only mode.';
    return { refusal: { id: eventId, status: 400, message: 'Event type not accepted', error } };
  }
  const { success, data, error } = ingestionEvent.safeParse(input);
  if (success) return { event: data };
  return { refusal: { id: eventId, status: 400, message: 'Invalid request data', error: error.message } };
}
