import type * as Sdk from '@modelcontextprotocol/server';

/** The official implementation of the protocol. */
export type McpSdk = typeof Sdk;

/** Loads it with the first request in this protocol. */
export function loadSdk(): Promise<McpSdk> {
  return import('@modelcontextprotocol/server');
}
