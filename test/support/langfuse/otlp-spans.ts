import { z } from 'zod';

/** A span received over OTLP. */
export interface ReceivedSpan {
  /** 32 hex digits. */
  readonly traceId: string;
  /** 16 hex digits. */
  readonly spanId: string;
  /** 16 hex digits; absent: a root. */
  readonly parentSpanId?: string;
  readonly name: string;
  /** 1 internal, 2 server, 3 client, 4 producer, 5 consumer; 0 if missing. */
  readonly kind: number;
  /** Milliseconds since the Unix epoch, down to microseconds. */
  readonly startTimeMs: number;
  readonly endTimeMs: number;
  readonly attributes: Readonly<Record<string, unknown>>;
  readonly events: readonly ReceivedSpanEvent[];
  /** Code 0 unset, 1 ok, 2 error. */
  readonly status: { readonly code: number; readonly message: string };
  readonly resource: Readonly<Record<string, unknown>>;
  readonly scope: { readonly name: string; readonly version: string };
}

/** An event on a span. */
interface ReceivedSpanEvent {
  readonly name: string;
  readonly timeMs: number;
  readonly attributes: Readonly<Record<string, unknown>>;
}

/** A span with those below it, in the order of their starts. */
interface SpanTree extends ReceivedSpan {
  readonly children: readonly SpanTree[];
}

/** The received spans of one trace. */
export interface ReceivedTrace {
  readonly traceId: string;
  /** All of them, in the order of arrival. */
  readonly spans: readonly ReceivedSpan[];
  /** The spans without a received parent. More than one means that a span is missing, or that they share a caller. */
  readonly roots: readonly SpanTree[];
}

const nanoseconds = z.union([z.string().regex(/^\d{1,20}$/), z.number().int().nonnegative()]).transform(BigInt);
const count = z.number().int().nonnegative().optional();
const hex = (digits: number): z.ZodType<string> =>
  z
    .string()
    .regex(new RegExp(`^[0-9a-f]{${digits}}$`, 'i'), `must be ${digits} hex digits`)
    .refine((id) => !/^0+$/.test(id), 'must not be all zeros')
    .transform((id) => id.toLowerCase());

const anyValue: z.ZodType = z.lazy(() =>
  z
    .strictObject({
      stringValue: z.string(),
      boolValue: z.boolean(),
      intValue: z.union([z.string().regex(/^-?\d+$/), z.number().int()]),
      doubleValue: z.number(),
      arrayValue: z.strictObject({ values: z.array(anyValue).default([]) }),
      kvlistValue: z.strictObject({ values: keyValues }),
      bytesValue: z.base64(),
    })
    .partial()
    .refine((value) => Object.keys(value).length <= 1, 'must hold one value only')
    .transform(readValue),
);

const keyValues = z
  .array(z.strictObject({ key: z.string().min(1), value: anyValue.optional() }))
  .default([])
  .refine((list) => new Set(list.map(({ key }) => key)).size === list.length, 'has a key twice')
  .transform((list): Record<string, unknown> => Object.fromEntries(list.map(({ key, value }) => [key, value])));

const spanEvent = z
  .strictObject({
    timeUnixNano: nanoseconds,
    name: z.string().min(1),
    attributes: keyValues,
    droppedAttributesCount: count,
  })
  .transform(({ timeUnixNano, name, attributes }): ReceivedSpanEvent => ({
    name,
    timeMs: toMs(timeUnixNano),
    attributes,
  }));

const span = z
  .strictObject({
    traceId: hex(32),
    spanId: hex(16),
    traceState: z.string().optional(),
    parentSpanId: z.union([z.literal(''), hex(16)]).optional(),
    name: z.string().min(1),
    kind: z.number().int().min(0).max(5).default(0),
    startTimeUnixNano: nanoseconds,
    endTimeUnixNano: nanoseconds,
    attributes: keyValues,
    droppedAttributesCount: count,
    events: z.array(spanEvent).default([]),
    droppedEventsCount: count,
    links: z
      .array(
        z.strictObject({
          traceId: hex(32),
          spanId: hex(16),
          traceState: z.string().optional(),
          attributes: keyValues,
          droppedAttributesCount: count,
          flags: count,
        }),
      )
      .optional(),
    droppedLinksCount: count,
    status: z
      .strictObject({ message: z.string().default(''), code: z.number().int().min(0).max(2).default(0) })
      .default({ message: '', code: 0 }),
    flags: count,
  })
  .refine((value) => value.startTimeUnixNano > 0n, 'has no start time')
  .refine((value) => value.endTimeUnixNano >= value.startTimeUnixNano, 'ends before it starts');

const exportRequest = z.strictObject({
  resourceSpans: z
    .array(
      z.strictObject({
        resource: z.strictObject({ attributes: keyValues, droppedAttributesCount: count }).optional(),
        scopeSpans: z
          .array(
            z.strictObject({
              scope: z
                .strictObject({
                  name: z.string().default(''),
                  version: z.string().default(''),
                  attributes: keyValues,
                  droppedAttributesCount: count,
                })
                .optional(),
              spans: z.array(span).default([]),
              schemaUrl: z.string().optional(),
            }),
          )
          .default([]),
        schemaUrl: z.string().optional(),
      }),
    )
    .default([]),
});

/**
 * The spans of an export request in the shape of OTLP/JSON, in their order.
 * @throws z.ZodError if it is not of that shape; also for ids of a wrong length, times that run backwards, keys that come
 *   twice and fields that OTLP does not have
 */
export function readSpans(request: unknown): ReceivedSpan[] {
  return exportRequest.parse(request).resourceSpans.flatMap(({ resource, scopeSpans }) =>
    scopeSpans.flatMap(({ scope, spans }) =>
      spans.map(({ traceId, spanId, parentSpanId, name, kind, attributes, events, status, ...times }) => ({
        traceId,
        spanId,
        ...(parentSpanId && { parentSpanId }),
        name,
        kind,
        startTimeMs: toMs(times.startTimeUnixNano),
        endTimeMs: toMs(times.endTimeUnixNano),
        attributes,
        events,
        status,
        resource: resource?.attributes ?? {},
        scope: { name: scope?.name ?? '', version: scope?.version ?? '' },
      })),
    ),
  );
}

/** Groups spans by trace, in the order of their arrival. */
export function groupTraces(spans: readonly ReceivedSpan[]): ReceivedTrace[] {
  const groups = new Map<string, ReceivedSpan[]>();
  for (const each of spans) groups.set(each.traceId, [...(groups.get(each.traceId) ?? []), each]);
  return [...groups].map(([traceId, group]) => ({ traceId, spans: group, roots: buildTrees(group) }));
}

function buildTrees(spans: readonly ReceivedSpan[]): SpanTree[] {
  const ids = new Set(spans.map(({ spanId }) => spanId));
  const below = (parent: string | undefined): SpanTree[] =>
    spans
      .filter(({ parentSpanId }) => (parentSpanId && ids.has(parentSpanId) ? parentSpanId : undefined) === parent)
      .sort((a, b) => a.startTimeMs - b.startTimeMs)
      .map((each) => ({ ...each, children: below(each.spanId) }));
  return below(undefined);
}

function readValue(value: {
  readonly stringValue?: string | undefined;
  readonly boolValue?: boolean | undefined;
  readonly intValue?: string | number | undefined;
  readonly doubleValue?: number | undefined;
  readonly arrayValue?: { readonly values: readonly unknown[] } | undefined;
  readonly kvlistValue?: { readonly values: Readonly<Record<string, unknown>> } | undefined;
  readonly bytesValue?: string | undefined;
}): unknown {
  return (
    value.stringValue ??
    value.boolValue ??
    (value.intValue === undefined ? undefined : Number(value.intValue)) ??
    value.doubleValue ??
    value.arrayValue?.values ??
    value.kvlistValue?.values ??
    value.bytesValue
  );
}

function toMs(nano: bigint): number {
  return Number(nano / 1000n) / 1000;
}
