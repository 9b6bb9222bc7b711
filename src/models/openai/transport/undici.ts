import connect from 'undici/lib/api/api-connect.js';
import UndiciDispatcher from 'undici/lib/dispatcher/dispatcher.js';

/*
 * The used parts of undici. Its main module loads three times as much and installs its own agent for the whole process, so that every
 * `fetch` of a host application would go through it.
 */
export { default as Agent } from 'undici/lib/dispatcher/agent.js';
export { default as EnvHttpProxyAgent } from 'undici/lib/dispatcher/env-http-proxy-agent.js';
export { default as Pool } from 'undici/lib/dispatcher/pool.js';
export { default as buildConnector } from 'undici/lib/core/connect.js';
export type { Dispatcher } from 'undici';

// undici's main module adds this to all dispatchers; those for proxies open their tunnels with it.
UndiciDispatcher.prototype.connect = connect;
