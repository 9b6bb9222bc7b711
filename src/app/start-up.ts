import type { AddressInfo } from 'node:net';
import { RuntimeException } from '@nestjs/core/errors/exceptions/index.js';
import type { NestExpressApplication } from '@nestjs/platform-express';
import { COMPLETIONS_PATH } from '../api/completions/index.js';
import { AppConfig } from '../config/index.js';
import { StartUpError } from '../errors/index.js';
import { API_ROOT } from '../http/index.js';
import { describeError, isError, VERSION } from '../kernel/index.js';
import { ModelProvider, ModelProviders } from '../models/index.js';
import { describeModels } from '../module/index.js';
import { WorkflowRegistry } from '../workflow/index.js';

/** Describes in a few lines what the person who starts the server wants to know. */
export function describeStart(app: NestExpressApplication): string[] {
  const { address, port } = app.getHttpServer().address() as AddressInfo;
  const host = ['0.0.0.0', '::'].includes(address) ? 'localhost' : address.includes(':') ? `[${address}]` : address;
  const url = `http://${host}:${port}`;
  const provider = app.get(ModelProviders, { strict: false }).find(ModelProvider.OPENAI);
  return [
    `Millrace ${VERSION} is ready at ${url} (OpenAI base URL: ${url}${API_ROOT})`,
    `Models:   ${describeModels(app.get(WorkflowRegistry))}`,
    `Provider: ${provider?.description ?? 'none for openai; the agents use others'}`,
    ...listPages(app.get(AppConfig), url),
    `Try:      curl -N ${url}${COMPLETIONS_PATH} -H 'content-type: application/json' -d '{"model":"default","messages":[{"role":"user","content":"Hello, how are you?"}]}'`,
  ];
}

function listPages({ http }: AppConfig, url: string): string[] {
  const pages = [...(http.playground ? [`${url}/ (playground)`] : []), ...(http.docs ? [`${url}/docs (API)`] : [])];
  return pages.length === 0 ? [] : [`Pages:    ${pages.join(', ')}`];
}

/** Says why the server did not start. For mistakes that the person who starts it can correct, this is the message alone. */
export function describeStartFailure(error: unknown): string {
  if (isError(error) && error instanceof StartUpError) return error.message;
  const { message, stack } = describeError(error);
  // An error of Nest says which class or module is at fault and what may fix it; its stack shows only Nest.
  if (isError(error) && error instanceof RuntimeException) return `Millrace cannot start: ${message}`;
  return `Millrace cannot start: ${isError(error) ? stack : message}`;
}

/** The server may not listen at its address. */
class ListenFault extends StartUpError {
  constructor(reason: string) {
    super(`Millrace cannot start: ${reason}`, []);
  }
}

/**
 * Makes the server listen, or says in one line why it cannot.
 * @throws StartUpError
 */
export async function listen(app: NestExpressApplication): Promise<void> {
  const { host, port } = app.get(AppConfig).http;
  try {
    await app.listen(port, host);
  } catch (error) {
    const code = isError(error) && 'code' in error ? String(error.code) : undefined;
    if (code === undefined) throw error;
    throw new ListenFault(describeListenError(code, host, port));
  }
}

function describeListenError(code: string, host: string, port: number): string {
  switch (code) {
    case 'EADDRINUSE':
      return `port ${port} is in use. Set PORT to another one, or stop what listens there.`;
    case 'EADDRNOTAVAIL':
      return `this machine does not have the address ${host}. Set HOST to one that it has, or to 0.0.0.0 for all.`;
    case 'ENOTFOUND':
    case 'EAI_AGAIN':
      return `the name ${host} cannot be looked up (${code}). Set HOST to an address of this machine, or to 0.0.0.0 for all.`;
    default:
      return `it may not listen at ${host}:${port} (${code}). Set HOST and PORT.`;
  }
}
