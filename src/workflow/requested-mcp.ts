import type { OpaqueObject } from '../streaming/index.js';

/** Selects tools of a server: those that match all of its fields. */
export interface McpToolFilter {
  /** Their names, as the server calls them. */
  readonly names?: readonly string[];
  /** Whether the server says that they change nothing. */
  readonly isReadOnly?: boolean;
}

/**
 * Headers with credentials. They are in no JSON and no log: neither shows private fields. So a run that continues in
 * another process does not have them.
 */
export class HiddenHeaders {
  readonly #headers: Readonly<Record<string, string>>;

  constructor(headers: Readonly<Record<string, string>>) {
    this.#headers = headers;
  }

  /** For the request to the server itself, and for nothing else. */
  reveal(): Readonly<Record<string, string>> {
    return this.#headers;
  }
}

/** An MCP server that a client names for one request. */
export interface RequestedMcpServer {
  /** What the client calls it. */
  readonly label: string;
  readonly url: string;
  /** Absent: none. */
  readonly headers?: HiddenHeaders;
  /** Its description for models. */
  readonly description?: string;
  /** Absent: all of its tools. */
  readonly allowed?: McpToolFilter;
  /** Tools whose calls need an approval. Tools in neither list need one, too. */
  readonly approval: { readonly always?: readonly McpToolFilter[]; readonly never?: readonly McpToolFilter[] };
  /** Its tools, from an earlier part of the conversation. Absent: it is asked for them. */
  readonly tools?: readonly OpaqueObject[];
}

/** A call that the client has approved, and that was not made yet. */
export interface ApprovedMcpCall {
  /** Id of the approval. */
  readonly approval: string;
  /** Id of the call in the messages, where its result has a place. */
  readonly callId: string;
  /** Label of the server. */
  readonly server: string;
  /** Name of the tool, as the server calls it. */
  readonly name: string;
  /** JSON, as the model wrote it. */
  readonly arguments: string;
}

/** The MCP servers of a request, and its settings for their tools. */
export interface RequestedMcp {
  readonly servers: readonly RequestedMcpServer[];
  readonly approved: readonly ApprovedMcpCall[];
  /** The only tools that models are offered: those of a server, or one of them. Absent: no such choice. */
  readonly only?: readonly { readonly server: string; readonly name?: string }[];
  /** Most calls of their tools in one run. Absent: as many as agents may make. */
  readonly maxCalls?: number;
}
