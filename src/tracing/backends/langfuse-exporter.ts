import { rejectOnAbort } from '../../kernel/index.js';
import type { FinishedTrace, TraceExporter } from '../recording/finished-trace.js';
import type { LangfuseServer } from './langfuse-server.js';

/** The first version whose OTLP endpoint can be relied on. */
const FIRST_WITH_OTLP = { major: 3, minor: 95 };

/** The ways into Langfuse. */
export interface LangfuseWays {
  readonly otlp: TraceExporter;
  /** Made only where it is needed: it loads a package. */
  readonly legacy: () => TraceExporter;
}

/** Sends traces to Langfuse in the way that the server at hand takes. */
export class LangfuseExporter implements TraceExporter {
  readonly name = 'langfuse';
  readonly #server: Pick<LangfuseServer, 'version'>;
  readonly #ways: LangfuseWays;
  #chosen: TraceExporter | undefined;
  #asking: Promise<TraceExporter> | undefined;

  constructor(server: Pick<LangfuseServer, 'version'>, ways: LangfuseWays) {
    this.#server = server;
    this.#ways = ways;
  }

  async export(traces: readonly FinishedTrace[], signal: AbortSignal): Promise<void> {
    const way = this.#chosen ?? (await rejectOnAbort(this.choose(), signal));
    await way.export(traces, signal);
  }

  /** Asks the server for its version, unless it is known. While it is unknown, OTLP is used. */
  choose(): Promise<TraceExporter> {
    this.#asking ??= this.#ask().finally(() => (this.#asking = undefined));
    return this.#asking;
  }

  async #ask(): Promise<TraceExporter> {
    const version = await this.#server.version();
    if (version === undefined) return this.#ways.otlp;
    this.#chosen = takesOtlp(version) ? this.#ways.otlp : this.#ways.legacy();
    return this.#chosen;
  }
}

function takesOtlp(version: string): boolean {
  const [, major, minor] = /^v?(\d+)\.(\d+)/.exec(version) ?? [];
  if (major === undefined) return true;
  const { major: first, minor: firstMinor } = FIRST_WITH_OTLP;
  return Number(major) > first || (Number(major) === first && Number(minor) >= firstMinor);
}
