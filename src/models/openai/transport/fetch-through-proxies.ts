import type { ProxyConfig } from '../../../config/index.js';

/**
 * Also sends the process's `fetch` requests (Langfuse, OpenTelemetry, JWT keys, authors' tools) through the proxies.
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
