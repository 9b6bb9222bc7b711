import type { LogSink } from '../recording/delivery-log.js';
import type { DeliveryQueue } from '../recording/delivery-queue.js';
import type { LangfuseServer } from './langfuse-server.js';

/**
 * Asks Langfuse whether it accepts the keys and logs the result; otherwise an operator would notice wrong keys only by
 * missing traces.
 */
export async function checkKeys(
  server: Pick<LangfuseServer, 'checkKeys'>,
  queue: Pick<DeliveryQueue, 'noteCredentials'>,
  sink: LogSink,
): Promise<void> {
  const check = await server.checkKeys();
  if (check.result === 'accepted') {
    sink.log(`Langfuse takes traces for the project "${check.project}"`);
  } else if (check.result === 'refused') {
    queue.noteCredentials(false);
    sink.warn(
      'Langfuse refuses LANGFUSE_PUBLIC_KEY and LANGFUSE_SECRET_KEY: no trace will arrive. Check both, and that ' +
        'LANGFUSE_BASE_URL is the server, and the region, that they belong to.',
    );
  } else {
    sink.warn(
      `Langfuse could not be asked about its keys: ${check.why}. Traces wait, as far as there is room. Check LANGFUSE_BASE_URL.`,
    );
  }
}
