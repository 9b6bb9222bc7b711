import { rejectOnAbort } from '../../kernel/index.js';
import type { FinishedTrace, TraceExporter } from '../recording/finished-trace.js';
import type { LangfuseServer } from './langfuse-server.js';

/** The first version with a reliable OTLP endpoint. */
const FIRST_WITH_OTLP = { major: 3, minor: 95 };

/** The exporters for both endpoints of Langfuse. */
interface LangfuseWays {
  readonly otlp: TraceExporter;
  /** Made only if needed, because it loads a package. */
  readonly legacy: () => TraceExporter;
}

/** Sends traces to the endpoint that the Langfuse server supports. */
export class LangfuseExporter implements TraceExporter {
  readonly name = 'langfuse';
  readonly #server: Pick<LangfuseServer, 'readVersion'>;
  readonly #ways: LangfuseWays;
  #chosen: TraceExporter | undefined;
  #asking: Promise<TraceExporter> | undefined;

  constructor(server: Pick<LangfuseServer, 'readVersion'>, ways: LangfuseWays) {
    this.#server = server;
    this.#ways = ways;
  }

  async export(traces: readonly FinishedTrace[], signal: AbortSignal): Promise<void> {
    const way = this.#chosen ?? (await rejectOnAbort(this.choose(), signal));
    await way.export(traces, signal);
  }

  /** Chooses the endpoint by the server's version, which is asked for until it is known. Until then, OTLP is used. */
  choose(): Promise<TraceExporter> {
    this.#asking ??= this.#ask().finally(() => (this.#asking = undefined));
    return this.#asking;
  }

  async #ask(): Promise<TraceExporter> {
    const version = await this.#server.readVersion();
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
