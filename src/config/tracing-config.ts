/** Ways into Langfuse: `auto` asks the server for its version. */
export const LANGFUSE_INGESTION = ['auto', 'otlp', 'legacy'] as const;

/** What is done with a client's `traceparent`: kept with a trace of our own, or its trace continued. */
export const TRACEPARENT = ['record', 'continue'] as const;

/** Where traces go, and what they hold. `.env.example` explains each variable. */
export interface TracingConfig {
  readonly langfuse: {
    /** Without both keys nothing is sent to Langfuse. */
    readonly publicKey: string | undefined;
    readonly secretKey: string | undefined;
    /** Without a slash at the end. */
    readonly baseUrl: string;
    readonly ingestion: (typeof LANGFUSE_INGESTION)[number];
  };
  /** Another collector of OpenTelemetry's. */
  readonly otlp:
    | {
        /** Takes POSTs of spans. */
        readonly tracesUrl: string;
        readonly encoding: 'protobuf' | 'json';
        readonly headers: Readonly<Record<string, string>>;
      }
    | undefined;
  /** Name of this service in traces. */
  readonly serviceName: string;
  /** What else is said of this service in traces that are sent as OTLP; goes before what it says by itself. */
  readonly resourceAttributes: Readonly<Record<string, string>>;
  /** Such as `production`. */
  readonly environment: string | undefined;
  /** What is deployed: a version or a commit. */
  readonly release: string | undefined;
  /** False: no inputs, outputs or other texts that users or models wrote. */
  readonly captureContent: boolean;
  /** Most bytes of one captured input, output or value. */
  readonly fieldLimit: number;
  /** Part of the requests that are traced, from 0 to 1. */
  readonly sampleRate: number;
  /** True: of a caller's trace that is continued, all is kept that the caller keeps. */
  readonly isSamplingParentBased: boolean;
  /** Most bytes of traces that are open or wait to be sent, for each backend. */
  readonly queueBytes: number;
  /** How long the end of the process may wait for traces to be sent, in milliseconds. */
  readonly flushTimeoutMs: number;
  readonly traceparent: (typeof TRACEPARENT)[number];
}
