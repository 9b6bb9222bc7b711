import type { ProxyConfig } from '../../../config/index.js';

/**
 * Sends what this process asks by `fetch` (Langfuse, OpenTelemetry, JWT keys, authors' tools) through the proxies as well.
 * @param proxy undefined: nothing changes
 */
export async function fetchThroughProxies(proxy: ProxyConfig | undefined): Promise<void> {
  if (proxy === undefined) return;
  const [{ setGlobalDispatcher }, { createProxyDispatcher }] = await Promise.all([
    import('undici'),
    import('./proxy-dispatcher.js'),
  ]);
  setGlobalDispatcher(createProxyDispatcher(proxy));
}
