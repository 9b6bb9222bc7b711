import { isIP } from 'node:net';
import { availableParallelism } from 'node:os';
import { milliseconds, size, wholeNumber } from './kinds.js';
import { type ValueKind, InvalidValue, serverSetting, setting, type SettingValues } from './setting.js';

/** Express' names for the networks of this machine, of its link, and of private use. */
const NETWORKS: ReadonlySet<string> = new Set(['loopback', 'linklocal', 'uniquelocal']);

const MOST_PROCESSES = 64;
const processes = wholeNumber(1, MOST_PROCESSES, 'be a whole number from 1 to 64, or auto for one process per core');

/** `true`, which Express also takes, is refused: it would believe whatever a client says about itself. */
const trustedProxies: ValueKind<false | number | readonly string[]> = (given) => {
  if (given.toLowerCase() === 'false') return false;
  if (/^\d{1,2}$/.test(given)) return Number(given);
  const addresses = given.split(',').map((address) => address.trim());
  return addresses.every((address) => NETWORKS.has(address) || isNetwork(address))
    ? addresses
    : new InvalidValue(
        'be false, the number of proxies in front, or a list of their addresses and networks such as loopback,10.0.0.0/8',
      );
};

/** How the server handles connections, and which proxies it trusts. */
export const SERVER_SETTINGS = {
  /**
   * The proxies whose `X-Forwarded-*` headers are trusted, as in Express' `trust proxy`: none, that many proxies in a
   * row, or those with these addresses and networks.
   */
  trustProxy: serverSetting('TRUST_PROXY', trustedProxies, false),
  /**
   * How long a connection may be idle between two requests. Gateways drop idle ones after 60 s (nginx, Kong, AWS ALB) or are
   * told to; a server that waits longer than they do loses no request.
   */
  keepAliveTimeoutMs: serverSetting('HTTP_KEEP_ALIVE_TIMEOUT_MS', milliseconds(1), 95_000),
  /**
   * How long the headers of a request may take, from its first byte; for a connection's first one, from its opening.
   * Longer than the time that a connection may be idle, because gateways may open connections before they need them.
   */
  headersTimeoutMs: serverSetting('HTTP_HEADERS_TIMEOUT_MS', milliseconds(1), 100_000),
  /** How long a whole request may take to arrive, headers and body. */
  requestTimeoutMs: serverSetting('HTTP_REQUEST_TIMEOUT_MS', milliseconds(1), 120_000),
  /** How long a client may send nothing of a body: meanwhile memory is held for all that it announced. */
  bodyTimeoutMs: setting('HTTP_BODY_TIMEOUT_MS', milliseconds(1), 10_000),
  /** How long nothing of a complete response may leave because its client does not read. */
  sendTimeoutMs: setting('HTTP_SEND_TIMEOUT_MS', milliseconds(1), 30_000),
  /** How many processes share the port. */
  processes: serverSetting(
    'WEB_CONCURRENCY',
    (given) => (given === 'auto' ? Math.min(MOST_PROCESSES, availableParallelism()) : processes(given)),
    1,
  ),
  /** Most bytes of a request's line and headers together. */
  maxHeaderBytes: serverSetting('HTTP_MAX_HEADER_SIZE', size(), 16 * 1024),
};

export type ServerConfig = SettingValues<typeof SERVER_SETTINGS>;

function isNetwork(text: string): boolean {
  const [address = '', length, ...rest] = text.split('/');
  const family = isIP(address);
  if (family === 0 || address.includes('%') || rest.length > 0) return false;
  return length === undefined || (/^\d{1,3}$/.test(length) && Number(length) <= (family === 4 ? 32 : 128));
}
