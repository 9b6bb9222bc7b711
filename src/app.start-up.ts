import type { AddressInfo } from 'node:net';
import type { NestExpressApplication } from '@nestjs/platform-express';
import { AppConfig } from './config/index.js';
import { StartUpError } from './errors/index.js';
import { ModelProvider, ModelProviders } from './models/index.js';
import { WorkflowRegistry } from './workflow/index.js';

/** What the person who starts the server wants to know, in a few lines. */
export function describeStart(app: NestExpressApplication): string[] {
  const { address, port } = app.getHttpServer().address() as AddressInfo;
  const host = ['0.0.0.0', '::'].includes(address) ? 'localhost' : address.includes(':') ? `[${address}]` : address;
  const url = `http://${host}:${port}`;
  const models = app.get(WorkflowRegistry).list();
  const provider = app.get(ModelProviders, { strict: false }).get(ModelProvider.OPENAI);
  return [
    `Millrace is ready at ${url} (OpenAI base URL: ${url}/v1)`,
    `Models:   ${models.map(({ name, workflow }) => (name === workflow.id ? name : `${name} (= ${workflow.id})`)).join(', ')}`,
    `Provider: ${provider.description}`,
    ...pagesOf(app.get(AppConfig), url),
    `Try:      curl -N ${url}/v1/chat/completions -H 'content-type: application/json' -d '{"model":"default","messages":[{"role":"user","content":"Hello, how are you?"}]}'`,
  ];
}

function pagesOf({ http }: AppConfig, url: string): string[] {
  const pages = [...(http.playground ? [`${url}/ (playground)`] : []), ...(http.docs ? [`${url}/docs (API)`] : [])];
  return pages.length === 0 ? [] : [`Pages:    ${pages.join(', ')}`];
}

/** Why the server did not start: for mistakes that the person who starts it can mend, the message alone. */
export function describeStartFailure(error: unknown): string {
  if (error instanceof StartUpError) return error.message;
  if (isListenError(error)) {
    return error.code === 'EADDRINUSE'
      ? `Millrace cannot start: port ${error.port} is in use. Set PORT to another one, or stop what listens there.`
      : `Millrace cannot start: it may not listen at ${error.address}:${error.port} (${error.code}). Set HOST and PORT.`;
  }
  return `Millrace cannot start: ${error instanceof Error ? (error.stack ?? error.message) : String(error)}`;
}

interface ListenError extends Error {
  readonly code: string;
  readonly address: string;
  readonly port: number;
}

function isListenError(error: unknown): error is ListenError {
  return (
    error instanceof Error &&
    'syscall' in error &&
    ['listen', 'bind'].includes(String(error.syscall)) &&
    'port' in error
  );
}
