/**
 * Preloaded into the process that `millrace dev` keeps ready for the next restart: loads packages that hardly ever
 * change, and starts the program only on a message.
 */
import { createRequire } from 'node:module';
import { join } from 'node:path';
import { pathToFileURL } from 'node:url';

const { searchParams } = new URL(import.meta.url);

// Processes and threads that the program starts later are preloaded with this as well, but they would never get the
// message to begin.
if (process.channel != null && process.ppid === Number(searchParams.get('parent'))) {
  const { channel } = process;
  channel.ref();
  const begin = new Promise<void>((resolve) => process.once('message', () => resolve()));
  const { resolve } = createRequire(join(process.cwd(), 'package.json'));
  for (const name of searchParams.getAll('load')) {
    try {
      await import(pathToFileURL(resolve(name)).href);
    } catch {
      // If the program needs this package, its own error says more.
    }
  }
  await begin;
  channel.unref();
}
