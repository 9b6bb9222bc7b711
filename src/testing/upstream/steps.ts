/** Any JSON object. */
export type Json = Readonly<Record<string, unknown>>;

/** The form of the following steps on the wire; omitted properties stay unchanged. */
export interface Style {
  /**
   * Bytes per write; cuts may fall into characters, escapes and line ends. Each write is sent in its own turn of the event
   * loop and as its own HTTP chunk, so that a reader sees it separately. 0, the default: one event per write.
   */
  readonly cutEvery?: number;
  /** Default `\n`. */
  readonly lineEnd?: '\n' | '\r\n' | '\r';
  /** Whether `data:` is followed by a space. Default true. */
  readonly dataSpace?: boolean;
  /** Whether characters beyond ASCII are sent as `\uXXXX`, as by servers in Python. Default false. */
  readonly asciiJson?: boolean;
  /** Whether keys with null (`finish_reason`, `logprobs`, `usage`) are written. Default true. */
  readonly nullKeys?: boolean;
  /** Top-level fields of each chunk in addition to or instead of the usual ones, such as `model` or `service_tier`. */
  readonly envelope?: Json;
}

/** A chunk in the usual envelope with one choice. */
interface DeltaStep {
  readonly kind: 'delta';
  readonly delta: Json;
  readonly finishReason: string | number | null;
  readonly usage?: Json;
  readonly logprobs?: Json;
}

/** A step that sends a part of the response's body. */
export type ContentStep =
  | DeltaStep
  | { readonly kind: 'chunk'; readonly json: unknown }
  | { readonly kind: 'usage'; readonly usage: Json; readonly onlyIfAsked: boolean }
  | { readonly kind: 'done' }
  | { readonly kind: 'comment'; readonly text: string }
  | { readonly kind: 'raw'; readonly bytes: Uint8Array };

/** A step that sends nothing, but controls when, how and how far the others are sent. */
type ControlStep =
  | { readonly kind: 'style'; readonly style: Style }
  | { readonly kind: 'delay'; readonly ms: number }
  | { readonly kind: 'wait'; readonly until: Promise<unknown>; arrive?(): void }
  | { readonly kind: 'headers'; readonly status: number; readonly headers: Readonly<Record<string, string>> }
  | EndingStep;

/** A step after which nothing can follow. */
export type EndingStep =
  | { readonly kind: 'stall' }
  | { readonly kind: 'reset' }
  | { readonly kind: 'hang-up' }
  | { readonly kind: 'cut-off' }
  | { readonly kind: 'end' }
  | {
      readonly kind: 'http-error';
      readonly status: number;
      readonly body: string | Json;
      readonly headers: Readonly<Record<string, string>>;
    };

/** One step of a scripted upstream. */
export type Step =
  | ContentStep
  | ControlStep
  | { readonly kind: 'together'; readonly steps: readonly ContentStep[] }
  | { readonly kind: 'flood'; readonly bytes: number; readonly pieceBytes: number };

/** Parts of a chunk beside its delta. */
interface ChunkExtras {
  /** Running usage, as vLLM's `continuous_usage_stats` sends it. */
  readonly usage?: Json;
  readonly logprobs?: Json;
}

/** A chunk with this delta. */
export function delta(fields: Json, extras: ChunkExtras = {}): DeltaStep {
  return { kind: 'delta', delta: fields, finishReason: null, ...extras };
}

/** The ordinary first chunk. Some servers send `content: null` in it. */
export function role(content: string | null = ''): DeltaStep {
  return delta({ role: 'assistant', content, refusal: null });
}

/** A piece of the output's text. */
export function text(content: string, extras?: ChunkExtras): DeltaStep {
  return delta({ content }, extras);
}

/** A piece of reasoning. DeepSeek and others call the field `reasoning_content`, newer vLLM and OpenRouter `reasoning`. */
export function reasoning(
  piece: string,
  field: 'reasoning_content' | 'reasoning' = 'reasoning_content',
  extras?: ChunkExtras,
): DeltaStep {
  return delta({ [field]: piece }, extras);
}

/** A piece of a refusal. */
export function refusal(piece: string, extras?: ChunkExtras): DeltaStep {
  return delta({ refusal: piece }, extras);
}

/** A piece of a tool call; `id` and `name` belong to the first piece of a call only. */
export function toolCall(call: { index: number; id?: string; name?: string; arguments: string }): DeltaStep {
  const { index, id, name } = call;
  return delta({
    tool_calls: [
      {
        index,
        ...(id !== undefined && { id, type: 'function' }),
        function: { ...(name !== undefined && { name }), arguments: call.arguments },
      },
    ],
  });
}

/** The chunk with the finish reason; some servers put the usage into it. */
export function finish(reason: string | number, extras: ChunkExtras = {}): DeltaStep {
  return { kind: 'delta', delta: {}, finishReason: reason, ...extras };
}

/**
 * The chunk without choices that carries the usage.
 * @param options `onlyIfAsked`: leave it out unless the request has `stream_options.include_usage`, as OpenAI does
 */
export function usage(counts: Json, { onlyIfAsked = false }: { onlyIfAsked?: boolean } = {}): ContentStep {
  return { kind: 'usage', usage: counts, onlyIfAsked };
}

/** An event with exactly this JSON: an unusual chunk, or an error in mid-stream. */
export function chunk(json: unknown): ContentStep {
  return { kind: 'chunk', json };
}

/** `data: [DONE]`. */
export function done(): ContentStep {
  return { kind: 'done' };
}

/** A comment, which readers skip. */
export function comment(words = 'keep-alive'): ContentStep {
  return { kind: 'comment', text: words };
}

/** Raw bytes; only `cutEvery` applies to them. */
export function raw(bytes: string | Uint8Array): ContentStep {
  return { kind: 'raw', bytes: typeof bytes === 'string' ? Buffer.from(bytes) : bytes };
}

/** Sends several events in one write, so that one read brings all of them. */
export function together(...steps: readonly ContentStep[]): Step {
  return { kind: 'together', steps };
}

/** Sends content chunks of `pieceBytes` characters until `bytes` have been sent; waits while the reader does not read. */
export function flood({ bytes, pieceBytes = 16 * 1024 }: { bytes: number; pieceBytes?: number }): Step {
  return { kind: 'flood', bytes, pieceBytes };
}

/** Changes the form of everything that follows on the wire. */
export function style(change: Style): Step {
  return { kind: 'style', style: change };
}

/** Cuts everything that follows into writes of `bytes` bytes. */
export function cutEvery(bytes: number): Step {
  return style({ cutEvery: bytes });
}

/** Sends nothing for some real time. Prefer a {@link gate}, which takes no time. */
export function delay(ms: number): Step {
  return { kind: 'delay', ms };
}

/** Sends nothing until `until` resolves. */
export function wait(until: Promise<unknown>): Step {
  return { kind: 'wait', until };
}

/** A step that holds every response until the test opens it. */
export interface GateStep {
  readonly kind: 'wait';
  readonly until: Promise<void>;
  /** Resolves when the first response has reached the gate: then everything before it has been written. */
  readonly reached: Promise<void>;
  /** Number of responses that have reached the gate. */
  readonly arrivals: number;
  open(): void;
  arrive(): void;
}

/** Makes a closed gate. Once opened, it stays open. */
export function gate(): GateStep {
  const { promise: until, resolve: open } = withResolvers();
  const { promise: reached, resolve: reach } = withResolvers();
  let arrivals = 0;
  return {
    kind: 'wait',
    until,
    reached,
    open,
    arrive: () => {
      arrivals++;
      reach();
    },
    get arrivals() {
      return arrivals;
    },
  };
}

/** Sends the status line and headers now. Without this step they are sent with the first bytes of the body. */
export function headers(status = 200, fields: Readonly<Record<string, string>> = {}): Step {
  return { kind: 'headers', status, headers: fields };
}

/** Keeps the connection open and sends nothing more. */
export function stall(): EndingStep {
  return { kind: 'stall' };
}

/** Ends the connection with a TCP reset; the other side sees ECONNRESET. */
export function reset(): EndingStep {
  return { kind: 'reset' };
}

/** Closes the connection in the middle of the body, like a proxy that gives up. */
export function hangUp(): EndingStep {
  return { kind: 'hang-up' };
}

/** Closes the connection after all written bytes, but without the end of the body. */
export function cutOff(): EndingStep {
  return { kind: 'cut-off' };
}

/** Ends the response in order, as the end of a script does. */
export function end(): EndingStep {
  return { kind: 'end' };
}

/**
 * An error response: a JSON body if it is an object, otherwise text, with the content type HTML unless the headers say
 * otherwise.
 */
export function httpError(
  status: number,
  body: string | Json,
  fields: Readonly<Record<string, string>> = {},
): EndingStep {
  return { kind: 'http-error', status, body, headers: fields };
}

/** OpenAI's error envelope, for {@link httpError} and, in mid-stream, for {@link chunk}. */
export function errorBody(
  message: string,
  {
    type = 'server_error',
    param = null,
    code = null,
  }: { type?: string; param?: string | null; code?: string | null } = {},
): Json {
  return { error: { message, type, param, code } };
}

function withResolvers(): { promise: Promise<void>; resolve: () => void } {
  let resolve: () => void = () => undefined;
  const promise = new Promise<void>((settle) => {
    resolve = settle;
  });
  return { promise, resolve };
}
