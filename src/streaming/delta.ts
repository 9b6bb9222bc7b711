import type { JsonValue } from '../kernel/index.js';

/** Log probability of one token, passed through as the upstream sent it. */
export type TokenLogprob = Readonly<Record<string, JsonValue>>;

/** A piece of text in one of the channels that a chat client distinguishes. */
export interface TextDelta {
  readonly type: 'content' | 'reasoning' | 'refusal';
  readonly text: string;
  /** Log probabilities of this piece's tokens; only `content` and `refusal` have them, and only if they were asked for. */
  readonly logprobs?: readonly TokenLogprob[];
}

/** A piece of a call of one of the client's own tools. */
export interface ToolCallDelta {
  readonly type: 'tool-call';
  /** Which of the completion's calls this belongs to, counted from 0. */
  readonly index: number;
  /** Given in the first piece of a call only: clients that concatenate would double it. */
  readonly id?: string;
  /** `custom` in every piece of a custom tool's call; absent for a function's. */
  readonly kind?: 'custom';
  /** Name of the tool; in the first piece only. */
  readonly name?: string;
  /** The next characters of the call's arguments (or of a custom tool's input). */
  readonly arguments: string;
}

/** An object of a completion, passed through as the upstream sent it. */
export type OpaqueObject = Readonly<Record<string, JsonValue>>;

/**
 * Sources and the like that a model names for its text, such as `{type: "url_citation", url_citation: {url, title,
 * start_index, end_index}}`. Places count from the beginning of what the node says as `content`, in Unicode code points.
 */
export interface AnnotationsDelta {
  readonly type: 'annotations';
  readonly annotations: readonly OpaqueObject[];
}

/** Images that a model made, each whole: `{type: "image_url", image_url: {url}}`, mostly with a `data:` URL. */
interface ImagesDelta {
  readonly type: 'images';
  readonly images: readonly OpaqueObject[];
}

/** A piece of audio output. Parts that it does not have are absent. */
export interface AudioDelta {
  readonly type: 'audio';
  /** The id by which the next request can refer to the completion. */
  readonly id?: string;
  /** The next bytes, in base64 and the format of the request. */
  readonly data?: string;
  readonly transcript?: string;
  /** Until when the id is known, in seconds since the Unix epoch. */
  readonly expiresAt?: number;
}

/**
 * What happens to an MCP server that the client names, and to calls of its tools. Its texts consist of whole
 * characters.
 * - `listing`: the server is asked for its tools;
 * - `listed`: these are the tools that the model is offered, or the server could not be asked;
 * - `calling`: a tool is called, by an id that `called` repeats;
 * - `called`: the call has ended, with an output or an error;
 * - `asking`: a call is made only if the client approves it in its next request.
 */
export type McpDelta = { readonly type: 'mcp' } & McpStep;

/** @see McpDelta */
export type McpStep =
  | { readonly step: 'listing'; readonly server: string }
  | {
      readonly step: 'listed';
      readonly server: string;
      readonly tools: readonly OpaqueObject[];
      readonly error?: string;
    }
  | ({ readonly step: 'calling'; readonly approval?: string } & McpCall)
  | ({ readonly step: 'asking' } & McpCall)
  | {
      readonly step: 'called';
      readonly server: string;
      readonly call: string;
      readonly output?: string;
      readonly error?: McpFailure;
    };

interface McpCall {
  readonly server: string;
  readonly call: string;
  /** Name of the tool, as the server calls it. */
  readonly name: string;
  /** JSON. */
  readonly arguments: string;
}

/** Why a call has no output. */
export interface McpFailure {
  /** Whether the tool reported the failure in its own words, or there is no result. */
  readonly by: 'tool' | 'server';
  readonly message: string;
}

/** What a streaming node yields: what is new since the last one, never a snapshot, never a wire chunk. */
export type Delta = TextDelta | ToolCallDelta | AnnotationsDelta | ImagesDelta | AudioDelta | McpDelta;

/** The channels that hold plain text. */
export type TextChannel = TextDelta['type'];
