import { type BlockList, isIP } from 'node:net';
import { type AllowedHosts, makeAddressList } from '../../../config/index.js';

/**
 * Addresses that are not public: those of this machine and of private networks, link-local and multicast addresses, and
 * the ranges for documentation and for translation. IPv4 addresses in the form of IPv6 are checked against the IPv4 ranges.
 */
const NOT_PUBLIC = makeAddressList(
  [
    '0.0.0.0/8 10.0.0.0/8 100.64.0.0/10 127.0.0.0/8 169.254.0.0/16 172.16.0.0/12 192.0.0.0/24 192.0.2.0/24 192.88.99.0/24',
    '192.168.0.0/16 198.18.0.0/15 198.51.100.0/24 203.0.113.0/24 224.0.0.0/4 240.0.0.0/4',
    '::/96 64:ff9b::/96 64:ff9b:1::/48 100::/64 2001::/32 2001:db8::/32 2002::/16 fc00::/7 fe80::/10 fec0::/10 ff00::/8',
  ]
    .join(' ')
    .split(' ')
    .map((range) => {
      const [address = '', prefix] = range.split('/');
      return { address, prefix: Number(prefix) };
    }),
);
const LOOPBACK = makeAddressList([
  { address: '127.0.0.0', prefix: 8 },
  { address: '::1', prefix: 128 },
]);

/** The hosts to which requests of clients may make this server connect, as its operator has configured them. */
export class HostPolicy {
  readonly #hosts: AllowedHosts['hosts'];
  readonly #ranges: BlockList;

  constructor({ hosts, ranges }: AllowedHosts) {
    this.#hosts = hosts;
    this.#ranges = makeAddressList(ranges);
  }

  /** Whether a server at this address may be asked at all. */
  allows({ protocol, hostname, port }: URL): boolean {
    const isPlain = protocol === 'http:';
    if (!isPlain && protocol !== 'https:') return false;
    const usedPort = port === '' ? (isPlain ? 80 : 443) : Number(port);
    const isListed = this.#hosts.some(
      (allowed) => allowed.isPlain === isPlain && allowed.port === usedPort && fits(hostname, allowed.host),
    );
    const address = hostname.replaceAll(/^\[|\]$/g, '');
    return isListed && (isIP(address) === 0 || this.mayConnect(hostname, address));
  }

  /**
   * Whether a connection to an address is allowed. Called with the address to which a name has just been resolved, so
   * that a name that leads elsewhere later (DNS rebinding) gains nothing.
   */
  mayConnect(hostname: string, address: string): boolean {
    const family = isIP(address) === 6 ? 'ipv6' : 'ipv4';
    if (!NOT_PUBLIC.check(address, family) || this.#ranges.check(address, family)) return true;
    return (
      hostname === 'localhost' && LOOPBACK.check(address, family) && this.#hosts.some(({ host }) => host === hostname)
    );
  }
}

function fits(hostname: string, allowed: string): boolean {
  if (allowed === '*') return true;
  return allowed.startsWith('*.') ? hostname.endsWith(allowed.slice(1)) : hostname === allowed;
}
