import { eventually } from './eventually.js';
import { getJson } from './http-client.js';
import { type ServerProcess, startServerProcess } from './server-process.js';

/** One of several processes that share a database. */
export interface Replica extends ServerProcess {
  readonly baseUrl: string;
}

/** Environment variables that set the clock of a process an hour ahead. */
export const AN_HOUR_AHEAD = {
  NODE_OPTIONS: `--import=data:text/javascript,${encodeURIComponent('const now=Date.now;Date.now=()=>now()+3600000')}`,
};

/** Processes of the built service that share a store. Whoever starts them must {@link stop} them. */
export class Replicas {
  readonly all: Replica[] = [];

  /**
   * @param env the environment of all processes
   * @param main a program in place of the service
   */
  constructor(
    private readonly env: Readonly<Record<string, string>>,
    private readonly main?: string,
  ) {}

  /**
   * Starts another process.
   * @param env more variables of its environment
   */
  async start(env: Readonly<Record<string, string>> = {}): Promise<Replica> {
    const { url, process } = await startServerProcess({
      env: { OPENAI_API_KEY: 'sk-test', METRICS: 'on', ...this.env, ...env },
      ...(this.main !== undefined && { main: this.main }),
    });
    const replica = { url, process, baseUrl: `${url}/v1` };
    this.all.push(replica);
    return replica;
  }

  /** The process that executes the only run, and another one. */
  async findWorker(): Promise<{ readonly worker: Replica; readonly other: Replica }> {
    let worker: Replica | undefined;
    await eventually(async () => {
      const counts = await Promise.all(this.all.map(countAtWork));
      worker = this.all[counts.indexOf(1)];
      return worker !== undefined;
    });
    const other = this.all.find((each) => each !== worker);
    if (worker === undefined || other === undefined) throw new Error('There is one process alone');
    return { worker, other };
  }

  async stop(): Promise<void> {
    for (const { process } of this.all) await process.stop();
  }
}

/** The number of runs that a process executes. */
async function countAtWork({ url }: Replica): Promise<number> {
  const { text } = await getJson(`${url}/metrics`);
  return Number(/^millrace_background_runs (\d+)/m.exec(text)?.[1] ?? 0);
}
