import type { LegacyEvent } from './legacy-events.js';

/** Most bytes of one request, as in the `langfuse` package. Servers take 3.5 MB (documented) to 4.5 MB. */
const MAX_BATCH_BYTES = 2_500_000;

/** Most bytes of one event, as in the `langfuse` package. */
const MAX_EVENT_BYTES = 1_000_000;

/** Bytes of the object around the events. */
const FRAME_BYTES = Buffer.byteLength('{"batch":[]}');

/**
 * Splits events into batches that a server accepts, in their order. In an event that is too long, the longest parts of its
 * input, output and metadata are replaced by a note of their size.
 */
export function splitIntoBatches(events: Iterable<LegacyEvent>): LegacyEvent[][] {
  const batches: LegacyEvent[][] = [];
  let batch: LegacyEvent[] = [];
  let batchBytes = FRAME_BYTES;
  for (const each of events) {
    const { event, bytes } = fitEvent(each);
    if (batch.length > 0 && batchBytes + bytes + 1 > MAX_BATCH_BYTES) {
      batches.push(batch);
      batch = [];
      batchBytes = FRAME_BYTES;
    }
    batch.push(event);
    batchBytes += bytes + 1;
  }
  return batch.length > 0 ? [...batches, batch] : batches;
}

function fitEvent(event: LegacyEvent): { readonly event: LegacyEvent; readonly bytes: number } {
  let bytes = countBytes(event);
  if (bytes < MAX_EVENT_BYTES) return { event, bytes };
  const copy = structuredClone(event);
  const parts = listBodyParts(copy).sort((a, b) => b.bytes - a.bytes);
  for (const part of parts) {
    if (bytes < MAX_EVENT_BYTES) break;
    const note = `<left out: ${part.bytes} bytes>`;
    part.replace(note);
    bytes -= part.bytes - countBytes(note);
  }
  return { event: copy, bytes };
}

interface BodyPart {
  readonly bytes: number;
  readonly replace: (note: string) => void;
}

function listBodyParts({ body }: LegacyEvent): BodyPart[] {
  const metadata = Object.entries(body.metadata).map(([name, value]) => ({
    bytes: countBytes(value),
    replace: (note: string) => (body.metadata[name] = note),
  }));
  const content = (['input', 'output'] as const)
    .filter((name) => body[name] !== undefined)
    .map((name) => ({ bytes: countBytes(body[name]), replace: (note: string) => (body[name] = note) }));
  return [...metadata, ...content];
}

function countBytes(value: unknown): number {
  return Buffer.byteLength(JSON.stringify(value));
}
