import type * as Sdk from '@modelcontextprotocol/server';

/** The official implementation of the protocol. */
export type McpSdk = typeof Sdk;

/** Loads it: a server that nobody asks in this protocol never does. */
export function loadSdk(): Promise<McpSdk> {
  return import('@modelcontextprotocol/server');
}
