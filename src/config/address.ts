import { isURL } from 'class-validator';
import { type ValueKind, InvalidValue } from './setting.js';

/** Names of containers have underscores. */
const RULES = { require_tld: false, allow_underscores: true, require_protocol: true };

/** What an address may hold beside host, port and path. */
export interface AddressParts {
  /** An address of this kind, for messages. */
  readonly example: string;
  /** Whether it may begin with `user:password@`. */
  readonly credentials: boolean;
  /** Whether it may end with `?name=value`. */
  readonly query: boolean;
}

/** An http or https address. */
export function address({ example, credentials, query }: AddressParts): ValueKind<string> {
  const read = url(['http', 'https'], `be an http or https address, such as ${example}`);
  return (given) => {
    const known = read(given);
    if (known instanceof InvalidValue) return known;
    const { username, password, pathname, search, hash } = new URL(given);
    if (/\/chat\/completions\/*$/.test(pathname))
      return new InvalidValue('end before /chat/completions: that is added to it');
    if (hash !== '') return new InvalidValue('not have a part after #: it is not sent');
    if (!credentials && (username !== '' || password !== '')) {
      return new InvalidValue('not hold a user or a password: the credentials have settings of their own');
    }
    return query || search === '' ? known : new InvalidValue('not have a part after ?: paths are added to it');
  };
}

/** @param must the fault of a text that is no address with one of these protocols; see {@link InvalidValue} */
export function url(protocols: readonly string[], must: string): ValueKind<string> {
  return (given) =>
    isURL(given, { ...RULES, protocols: [...protocols] }) && URL.canParse(given) ? given : new InvalidValue(must);
}

/** Separates the credentials of an address from it, and turns them into an `authorization` header. */
export function separateCredentials(address: string): {
  readonly url: URL;
  readonly authorization: string | undefined;
} {
  const url = new URL(address);
  const { username, password } = url;
  if (username === '' && password === '') return { url, authorization: undefined };
  url.username = '';
  url.password = '';
  const pair = `${decodeURIComponent(username)}:${decodeURIComponent(password)}`;
  return { url, authorization: `Basic ${Buffer.from(pair).toString('base64')}` };
}
