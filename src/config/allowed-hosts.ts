import { BlockList, isIP } from 'node:net';
import { type ValueKind, InvalidValue } from './setting.js';

/** A host to which requests may be sent. */
interface AllowedHost {
  /** In the form of a URL's `hostname`; `*` is any, `*.example.com` any below it. */
  readonly host: string;
  readonly port: number;
  /** True if it is asked over plain HTTP, and not over HTTPS. */
  readonly isPlain: boolean;
}

/** Addresses that may be connected to although they are not public. */
interface AllowedRange {
  readonly address: string;
  readonly prefix: number;
}

/** Hosts to which the request of a client may make this server connect. */
export interface AllowedHosts {
  readonly hosts: readonly AllowedHost[];
  readonly ranges: readonly AllowedRange[];
}

const ENTRY = /^(?:(https?):\/\/)?(\*|(?:\*\.)?[^\s/*@?#]+?)(?::(\d{1,5}))?$/i;

/**
 * Hosts with commas between: `mcp.example.com`, `*.example.com`, `*`, `host:8443`; `http://localhost:3000` for plain HTTP. An address
 * (`10.0.0.5`) or a range (`10.0.0.0/8`) allows connections to it although it is private.
 */
export const allowedHosts: ValueKind<AllowedHosts> = (given) => {
  const hosts: AllowedHost[] = [];
  const ranges: AllowedRange[] = [];
  for (const entry of given.split(',').map((one) => one.trim())) {
    const range = readRange(entry);
    if (range !== undefined) {
      ranges.push(range);
      continue;
    }
    const host = readHost(entry);
    if (host === undefined) {
      return new InvalidValue(
        'be a list of hosts such as mcp.example.com,*.example.org:8443,http://localhost:3000, and ranges such as 10.0.0.0/8',
      );
    }
    hosts.push(host);
    const address = host.host.replaceAll(/^\[|\]$/g, '');
    if (isIP(address) !== 0) ranges.push({ address, prefix: isIP(address) === 6 ? 128 : 32 });
  }
  return { hosts, ranges };
};

function readRange(entry: string): AllowedRange | undefined {
  const [, address = '', digits = ''] = /^([\da-f.:]+)\/(\d{1,3})$/i.exec(entry) ?? [];
  const family = isIP(address);
  const prefix = Number(digits);
  if (family === 0 || digits === '' || prefix > (family === 6 ? 128 : 32)) return undefined;
  return { address, prefix };
}

function readHost(entry: string): AllowedHost | undefined {
  const [, scheme = 'https', name = '', digits] = ENTRY.exec(entry) ?? [];
  if (name === '') return undefined;
  const isPlain = scheme.toLowerCase() === 'http';
  const port = digits === undefined ? (isPlain ? 80 : 443) : Number(digits);
  if (port < 1 || port > 65_535) return undefined;
  if (name === '*') return { host: name, port, isPlain };
  const isWildcard = name.startsWith('*.');
  const bare = isWildcard ? name.slice(2) : name;
  // As requests have it: lower case, international names encoded, addresses in their usual form.
  const address = `https://${bare}`;
  if (!URL.canParse(address)) return undefined;
  const { hostname, pathname } = new URL(address);
  if (pathname !== '/' || hostname === '') return undefined;
  return { host: isWildcard ? `*.${hostname}` : hostname, port, isPlain };
}

/** Makes a list of addresses that can check whether it holds one. */
export function makeAddressList(ranges: readonly AllowedRange[]): BlockList {
  const list = new BlockList();
  for (const { address, prefix } of ranges) list.addSubnet(address, prefix, isIP(address) === 6 ? 'ipv6' : 'ipv4');
  return list;
}
