import { IsOptional, ValidateBy } from 'class-validator';

/** Through which proxies requests go out, by the variables that other programs read as well. */
export interface ProxyConfig {
  /** For addresses that begin with `http:`; absent: none. */
  readonly httpProxy?: string;
  /** For those that begin with `https:`; absent: the one above. */
  readonly httpsProxy?: string;
  /** Hosts that are asked directly. */
  readonly noProxy: string;
}

function Proxy(): PropertyDecorator {
  return (target, property) => {
    IsOptional()(target, property);
    ValidateBy(
      { name: 'proxy', validator: { validate: (value) => typeof value === 'string' && isProxy(value) } },
      { message: '$property must be the address of an HTTP proxy, such as http://proxy.example:3128' },
    )(target, property);
  };
}

/** The variables that are read for proxies; the ones in lower case win. */
export class ProxyEnvironment {
  @Proxy() http_proxy: string | undefined = undefined;
  @Proxy() HTTP_PROXY: string | undefined = undefined;
  @Proxy() https_proxy: string | undefined = undefined;
  @Proxy() HTTPS_PROXY: string | undefined = undefined;
  no_proxy: string | undefined = undefined;
  NO_PROXY: string | undefined = undefined;
}

/** Undefined: requests go out directly. */
export function proxyConfigOf(variables: ProxyEnvironment): ProxyConfig | undefined {
  const http = variables.http_proxy ?? variables.HTTP_PROXY;
  const https = variables.https_proxy ?? variables.HTTPS_PROXY;
  if (http === undefined && https === undefined) return undefined;
  return {
    ...(http !== undefined && { httpProxy: withScheme(http) }),
    ...(https !== undefined && { httpsProxy: withScheme(https) }),
    noProxy: variables.no_proxy ?? variables.NO_PROXY ?? '',
  };
}

function isProxy(text: string): boolean {
  const address = withScheme(text);
  return URL.canParse(address) && /^https?:$/.test(new URL(address).protocol);
}

/** Other programs take `proxy.example:3128`, too. */
function withScheme(text: string): string {
  return text.includes('://') ? text : `http://${text}`;
}
