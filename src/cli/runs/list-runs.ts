import { type CliEnvironment, EXIT, type ExitCode } from '../cli-environment.js';
import { UsageError } from '../cli-error.js';
import type { Options } from '../options.js';
import { type ServerRun, writeRuns } from './print-run.js';
import { RunsServer } from './runs-server.js';

const USUAL_LIMIT = '20';
/** Most runs that a server gives at once. */
const PAGE = 100;

/**
 * Prints the runs of the key, the newest first.
 * @throws CliError if the server refuses
 */
export async function listRuns(
  { url, status, model, limit = USUAL_LIMIT, json = false }: Options,
  environment: CliEnvironment,
): Promise<ExitCode> {
  if (!/^[1-9]\d{0,4}$/.test(limit)) throw new UsageError(`--limit "${limit}" is not a number from 1 to 99999.`);
  const server = new RunsServer(url, environment);
  const runs: ServerRun[] = [];
  let hasMore = true;
  while (hasMore && runs.length < Number(limit)) {
    const query = new URLSearchParams({
      limit: String(Math.min(PAGE, Number(limit) - runs.length)),
      ...(status !== undefined && { status }),
      ...(model !== undefined && { model }),
      ...(runs.length > 0 && { after: runs.at(-1)?.id ?? '' }),
    });
    const page = await server.ask('GET', `/runs?${query.toString()}`);
    runs.push(...(page['data'] as readonly ServerRun[]));
    hasMore = page['has_more'] === true;
  }
  const { stdout, stderr } = environment.process;
  if (json) stdout.write(`${JSON.stringify(runs, undefined, 2)}\n`);
  else if (runs.length > 0) stdout.write(writeRuns(runs));
  if (runs.length === 0) stderr.write('There are no such runs.\n');
  if (hasMore) stderr.write(`There are more: --limit ${Number(limit) * 2}\n`);
  return EXIT.done;
}
