import { getJson } from './http-client.js';
import type { ChildProcess } from './process.js';

/** A compiler and a start may take this long on a busy machine, in milliseconds. */
export const LONGEST_RESTART_MS = 120_000;

/**
 * Waits until the application that `millrace dev` runs gives this text at an address. It looks once after each start: asking
 * all the time would take the processor from the compiler and from the start.
 * @throws Error with all output if it does not come in time
 */
export async function waitUntilServed(dev: ChildProcess, url: string, text: string): Promise<void> {
  for (;;) {
    const from = dev.lineCount;
    const isServed = await getJson(url).then(
      (response) => response.text.includes(text),
      () => false,
    );
    if (isServed) return;
    await dev.waitForLine(/\bsuccessfully started\b|\bready at\b/, { from, within: LONGEST_RESTART_MS });
  }
}
