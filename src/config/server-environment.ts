import { isIP } from 'node:net';
import { availableParallelism } from 'node:os';
import { Transform } from 'class-transformer';
import { IsInt, Max, Min, ValidateBy } from 'class-validator';
import { Milliseconds } from './milliseconds.js';
import type { ServerConfig } from './server-config.js';
import { Size } from './size.js';

/** Express' names for the networks of this machine, of its link, and of private use. */
const NETWORKS: ReadonlySet<string> = new Set(['loopback', 'linklocal', 'uniquelocal']);

const MOST_PROCESSES = 64;
const PROCESSES = '$property must be a whole number from 1 to 64, or auto for one process per core';

/** `true`, which Express also takes, is refused: it would believe whatever a client says about itself. */
function TrustedProxies(): PropertyDecorator {
  return (target, property) => {
    Transform(({ value }: { value: unknown }) => (typeof value === 'string' ? trustOf(value) : value))(
      target,
      property,
    );
    ValidateBy(
      { name: 'trustedProxies', validator: { validate: isTrust } },
      {
        message:
          '$property must be false, the number of proxies in front, or a list of their addresses and networks such as loopback,10.0.0.0/8',
      },
    )(target, property);
  };
}

/** The variables that decide how connections are taken, by name, with their defaults. */
export class ServerEnvironment {
  @TrustedProxies()
  TRUST_PROXY: ServerConfig['trustProxy'] = false;

  /** Gateways drop idle connections after 60 s (nginx, Kong, AWS ALB) or are told to; whoever closes last loses no request. */
  @Milliseconds(1)
  HTTP_KEEP_ALIVE_TIMEOUT_MS = 95_000;

  /** Longer than the one before: gateways may open connections before they need them. */
  @Milliseconds(1)
  HTTP_HEADERS_TIMEOUT_MS = 100_000;

  @Milliseconds(1)
  HTTP_REQUEST_TIMEOUT_MS = 120_000;

  /** Whoever sends nothing holds memory for all that was announced. */
  @Milliseconds(1)
  HTTP_BODY_TIMEOUT_MS = 10_000;

  @Milliseconds(1)
  HTTP_SEND_TIMEOUT_MS = 30_000;

  @Transform(({ value }: { value: unknown }) =>
    value === 'auto' ? Math.min(MOST_PROCESSES, availableParallelism()) : Number(value),
  )
  @IsInt({ message: PROCESSES })
  @Min(1, { message: PROCESSES })
  @Max(MOST_PROCESSES, { message: PROCESSES })
  WEB_CONCURRENCY = 1;

  @Size()
  HTTP_MAX_HEADER_SIZE = 16 * 1024;
}

/** The configuration that the variables come to. */
export function serverConfigOf(variables: ServerEnvironment): ServerConfig {
  return {
    trustProxy: variables.TRUST_PROXY,
    keepAliveTimeoutMs: variables.HTTP_KEEP_ALIVE_TIMEOUT_MS,
    headersTimeoutMs: variables.HTTP_HEADERS_TIMEOUT_MS,
    requestTimeoutMs: variables.HTTP_REQUEST_TIMEOUT_MS,
    bodyTimeoutMs: variables.HTTP_BODY_TIMEOUT_MS,
    sendTimeoutMs: variables.HTTP_SEND_TIMEOUT_MS,
    processes: variables.WEB_CONCURRENCY,
    maxHeaderBytes: variables.HTTP_MAX_HEADER_SIZE,
  };
}

function trustOf(text: string): ServerConfig['trustProxy'] {
  if (text.toLowerCase() === 'false') return false;
  return /^\d{1,2}$/.test(text) ? Number(text) : text.split(',').map((address) => address.trim());
}

function isTrust(value: unknown): boolean {
  if (!Array.isArray(value)) return value === false || typeof value === 'number';
  return value.every((address) => typeof address === 'string' && (NETWORKS.has(address) || isNetwork(address)));
}

function isNetwork(text: string): boolean {
  const [address = '', length, ...rest] = text.split('/');
  const family = isIP(address);
  if (family === 0 || address.includes('%') || rest.length > 0) return false;
  return length === undefined || (/^\d{1,3}$/.test(length) && Number(length) <= (family === 4 ? 32 : 128));
}
