import { text } from './kinds.js';
import { environmentSetting, type ValueKind, InvalidValue, type SettingValues } from './setting.js';

/** The proxies through which requests go out, from the variables that other programs read as well. */
export interface ProxyConfig {
  /** For addresses that begin with `http:`; absent: none. */
  readonly httpProxy?: string;
  /** For those that begin with `https:`; absent: the one above. */
  readonly httpsProxy?: string;
  /** Hosts that are asked directly. */
  readonly noProxy: string;
}

/** An address without a protocol is allowed, because other programs allow it. */
const proxy: ValueKind<string> = (given) => {
  const address = given.includes('://') ? given : `http://${given}`;
  return URL.canParse(address) && /^https?:$/.test(new URL(address).protocol)
    ? address
    : new InvalidValue('be the address of an HTTP proxy, such as http://proxy.example:3128');
};

/** The variables that are read for proxies; the ones in lower case win. */
export const PROXY_SETTINGS = {
  http: { lower: environmentSetting('http_proxy', proxy), upper: environmentSetting('HTTP_PROXY', proxy) },
  https: { lower: environmentSetting('https_proxy', proxy), upper: environmentSetting('HTTPS_PROXY', proxy) },
  none: { lower: environmentSetting('no_proxy', text), upper: environmentSetting('NO_PROXY', text) },
};

/** Undefined: requests go out directly. */
export function readProxyConfig({ http, https, none }: SettingValues<typeof PROXY_SETTINGS>): ProxyConfig | undefined {
  const httpProxy = http.lower ?? http.upper;
  const httpsProxy = https.lower ?? https.upper;
  if (httpProxy === undefined && httpsProxy === undefined) return undefined;
  return {
    ...(httpProxy !== undefined && { httpProxy }),
    ...(httpsProxy !== undefined && { httpsProxy }),
    noProxy: none.lower ?? none.upper ?? '',
  };
}
