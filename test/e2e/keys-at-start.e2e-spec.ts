import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeAll, beforeEach, describe, expect, it } from '@jest/globals';
import { stringify } from 'yaml';
import { postJson } from '../support/http-client.js';
import { CHAT } from '../support/messages.js';
import { catchRejection } from '../support/rejection.js';
import { ensureServerIsBuilt, type ServerProcess, startServerProcess } from '../support/server-process.js';
import { ANN_KEY, BOB_KEY, hashKey, makeBearer } from '../support/callers.js';

describe('a server with and without keys', () => {
  let server: ServerProcess | undefined;
  let folder: string;
  beforeAll(ensureServerIsBuilt, 120_000);
  beforeEach(async () => {
    folder = await mkdtemp(join(tmpdir(), 'millrace-keys-'));
  });
  afterEach(async () => {
    await server?.process.stop();
    server = undefined;
    await rm(folder, { recursive: true });
  });

  it('warns at its start if it is open to everybody', async () => {
    server = await startServerProcess();
    await server.process.waitForLine(
      /WARN.*No API keys are configured: everybody who can reach this server can use it/,
    );
  });

  it('does not warn at its start if it has a key', async () => {
    server = await startServerProcess({ env: { API_KEYS: ANN_KEY } });
    await server.process.waitForLine(/curl/);
    expect(server.process.stdout).not.toContain('No API keys');
  });

  it('logs who asked, and never a key', async () => {
    await writeFile(join(folder, 'keys.yaml'), stringify([{ name: 'ann', hash: hashKey(ANN_KEY) }]));
    const env = { API_KEYS_FILE: join(folder, 'keys.yaml'), API_KEYS: BOB_KEY, DEMO_TOKENS_PER_SECOND: '0' };
    server = await startServerProcess({ env: { ...env, LOG_LEVEL: 'verbose' } });
    const chat = `${server.url}/v1/chat/completions`;
    expect((await postJson(chat, CHAT, makeBearer(ANN_KEY))).status).toBe(200);
    expect((await postJson(chat, CHAT, makeBearer(BOB_KEY))).status).toBe(200);
    expect((await postJson(chat, CHAT, makeBearer('sk-mr-wrong'))).status).toBe(401);
    await server.process.waitForLine(/POST \/v1\/chat\/completions 200 stop .*key=ann/);
    await server.process.waitForLine(/POST \/v1\/chat\/completions 200 stop .*key=key-1/);
    await server.process.waitForLine(/POST \/v1\/chat\/completions 401 unauthorized (?!.*key=)/);
    expect(server.process.stdout + server.process.stderr).not.toContain('sk-mr-');
  });

  describe('does not start with a file', () => {
    let path: string;
    beforeEach(() => {
      path = join(folder, 'keys.yaml');
    });
    const readFaults = async (env: Record<string, string> = {}): Promise<string> => {
      const error = (await catchRejection(startServerProcess({ env: { API_KEYS_FILE: path, ...env } }))) as Error;
      expect(error.message).toContain('The process ended (1)');
      return error.message;
    };

    it('that is not there', async () => {
      expect(await readFaults()).toContain('API_KEYS_FILE: cannot be read: ENOENT');
    });

    it('whose entries are wrong, and lists every fault without a key', async () => {
      const entries = [
        { name: 'ann', hash: ANN_KEY },
        { name: 'bob', hash: hashKey(BOB_KEY), limit: 5 },
        { name: 'eve', hash: hashKey('sk-eve'), expires: '2020-W05' },
      ];
      await writeFile(path, stringify(entries));
      const message = await readFaults();
      expect(message).toContain('API_KEYS_FILE: entry 1 ("ann"): hash must be sha256:');
      expect(message).toContain('API_KEYS_FILE: entry 2 ("bob"): there is no limit');
      expect(message).toContain('API_KEYS_FILE: entry 3 ("eve"): expires must be a date such as 2027-01-31');
      expect(message).not.toContain(ANN_KEY);
    });

    it('that has a key of API_KEYS, too', async () => {
      await writeFile(path, stringify([{ name: 'ann', hash: hashKey(ANN_KEY) }]));
      expect(await readFaults({ API_KEYS: ANN_KEY })).toContain('API_KEYS has a key of the same name or hash');
    });
  });
});
