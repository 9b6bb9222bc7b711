import connect from 'undici/lib/api/api-connect.js';
import UndiciDispatcher from 'undici/lib/dispatcher/dispatcher.js';

/*
 * The parts of undici that are used. Its door loads three times as much, and makes an agent of its own that of the whole
 * process: in an application of others, every `fetch` would go through it.
 */
export { default as Agent } from 'undici/lib/dispatcher/agent.js';
export { default as EnvHttpProxyAgent } from 'undici/lib/dispatcher/env-http-proxy-agent.js';
export { default as Pool } from 'undici/lib/dispatcher/pool.js';
export { default as buildConnector } from 'undici/lib/core/connect.js';
export type { Dispatcher } from 'undici';

// The door adds this to all dispatchers. Those for proxies open their tunnels with it.
UndiciDispatcher.prototype.connect = connect;
