/** Options that an application may pass, and others that it may not. Checked by `npm run typecheck`; it never runs. */
import { MillraceModule, type MillraceOptions } from '../../src/index.js';

MillraceModule.forRoot();
MillraceModule.forRoot({
  path: '/ai',
  providers: {
    openai: { key: 'sk-…', model: 'gpt-5.4-mini', headers: { 'x-team': 'care' }, structuredOutput: 'json_schema' },
    azure_openai: { endpoint: 'https://name.openai.azure.com', apiVersion: undefined },
  },
  http: { bodyLimit: '2mb', corsOrigins: ['https://app.example.com'], docs: true },
  run: { timeoutMs: 60_000, maxOutputLength: '1mb' },
  access: { keys: ['sk-…'], limits: { requestsPerMinute: 60 } },
  jwt: { algorithms: ['RS256'] },
  mcp: {
    servers: {
      docs: { url: 'https://docs.example.com/mcp', headers: { authorization: 'Bearer …' }, timeout: 10_000 },
      files: { command: 'npx', args: ['-y', 'files'], tools: ['read_file'] },
    },
    allowedHosts: 'mcp.example.com',
  },
  tracing: { content: { captureContent: false }, langfuse: { baseUrl: 'https://langfuse.example.com' } },
});
MillraceModule.forRootAsync({ inject: ['TOKEN'], useFactory: (path: string) => ({ path }) });

export const wrong: readonly MillraceOptions[] = [
  // @ts-expect-error no such setting
  { run: { timeout: 1 } },
  // @ts-expect-error a number of milliseconds
  { run: { timeoutMs: 'soon' } },
  // @ts-expect-error no such provider
  { providers: { acme: { key: 'sk-…' } } },
  // @ts-expect-error a setting of another provider
  { providers: { openai: { endpoint: 'https://name.openai.azure.com' } } },
  // @ts-expect-error one of three
  { providers: { openai: { structuredOutput: 'xml' } } },
  // @ts-expect-error JSON is the form of the variable
  { mcp: { servers: '{}' } },
  // @ts-expect-error a server over HTTP or a program, not both
  { mcp: { servers: { docs: { url: 'https://docs.example.com/mcp', command: 'npx' } } } },
  // @ts-expect-error the application has a server of its own
  { http: { port: 8080 } },
  // @ts-expect-error the application has a log of its own
  { log: { level: 'log' } },
  // @ts-expect-error an option of the program, not of the module
  { tracing: { langfuse: { otherAddresses: { LANGFUSE_HOST: 'https://langfuse.example.com' } } } },
];
