import { IsOptional, isURL, ValidateBy, type ValidationArguments } from 'class-validator';

/** Names of containers have underscores. */
const RULES = { require_tld: false, allow_underscores: true, protocols: ['http', 'https'], require_protocol: true };

/** What an address may hold beside host, port and path. */
export interface AddressParts {
  /** Shown as an example. */
  readonly example: string;
  /** Whether it may begin with `user:password@`. */
  readonly credentials: boolean;
  /** Whether it may end with `?name=value`. */
  readonly query: boolean;
}

/** An http or https address, which may be absent. No message shows a value: an address, too, can hold credentials. */
export function Address(parts: AddressParts): PropertyDecorator {
  return (target, property) => {
    IsOptional()(target, property);
    ValidateBy({
      name: 'address',
      validator: {
        validate: (value) => findFault(value, parts) === undefined,
        defaultMessage: (faulty?: ValidationArguments) =>
          `${String(property)} must ${findFault(faulty?.value, parts) ?? 'be an address'}`,
      },
    })(target, property);
  };
}

function findFault(value: unknown, { example, credentials, query }: AddressParts): string | undefined {
  if (typeof value !== 'string' || !isURL(value, RULES) || !URL.canParse(value)) {
    return `be an http or https address, such as ${example}`;
  }
  const { username, password, pathname, search, hash } = new URL(value);
  if (/\/chat\/completions\/*$/.test(pathname)) return 'end before /chat/completions: that is added to it';
  if (hash !== '') return 'not have a part behind #: it is not sent';
  if (!credentials && (username !== '' || password !== '')) {
    return 'not hold a user and a password: what it leads to takes credentials of its own';
  }
  if (!query && search !== '') return 'not have a part behind ?: paths are added to it';
  return undefined;
}

/** An address without its credentials, and those as an `authorization` header. */
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
