import { afterEach, beforeAll, describe, expect, it } from '@jest/globals';
import { mkdir, mkdtemp, rename, rm, symlink, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { CHAT } from '../support/messages.js';
import { ScriptedUpstream } from '../support/scripted-upstream.js';
import { ensureServerIsBuilt, type ServerProcess, startServerProcess } from '../support/server-process.js';
import { scriptStream } from '../support/upstream/scripts.js';

describe('the key of a model provider in a file', () => {
  let folder = '';
  let upstream: ScriptedUpstream;
  let server: ServerProcess | undefined;
  beforeAll(ensureServerIsBuilt, 120_000);
  afterEach(async () => {
    await server?.process.stop();
    server = undefined;
    await upstream.close();
    await rm(folder, { recursive: true });
  });

  const start = async (file: string): Promise<ServerProcess> => {
    upstream = await ScriptedUpstream.start();
    server = await startServerProcess({ env: { OPENAI_BASE_URL: upstream.url, OPENAI_API_KEY_FILE: file } });
    return server;
  };

  /** The key that the server currently sends to the model. */
  const askForKey = async (): Promise<unknown> => {
    upstream.next(scriptStream('Hi'));
    const { status } = await fetch(`${server?.url}/v1/chat/completions`, {
      method: 'POST',
      headers: { 'content-type': 'application/json' },
      body: JSON.stringify(CHAT),
    });
    expect(status).toBe(200);
    return upstream.requests.at(-1)?.headers.authorization;
  };

  it('is read again when the file changes, and kept while the file is broken or away', async () => {
    folder = await mkdtemp(join(tmpdir(), 'millrace-keys-'));
    const file = join(folder, 'key');
    await writeFile(file, 'sk-first\n');
    const { process: child } = await start(file);
    const sent = [await askForKey(), await askForKey()];
    await writeFile(file, 'sk-second\n');
    sent.push(await askForKey());
    await writeFile(file, '');
    sent.push(await askForKey(), await askForKey());
    await rm(file);
    sent.push(await askForKey());
    await writeFile(file, 'sk-third');
    sent.push(await askForKey());
    const [first, second, third] = ['Bearer sk-first', 'Bearer sk-second', 'Bearer sk-third'];
    expect(sent).toEqual([first, first, second, second, second, second, third]);
    await child.waitForLine(/WARN.*OPENAI_API_KEY_FILE cannot be read \(ENOENT\): the key that it held before stays/);
    const log = child.stdout + child.stderr;
    expect(log.match(/OPENAI_API_KEY_FILE holds no token: the key that it held before stays in use/g)).toHaveLength(1);
    expect(log.match(/OPENAI_API_KEY_FILE holds another key/g)).toHaveLength(2);
    expect(log).not.toContain('sk-');
  });

  it('is read again when Kubernetes changes the link to the folder that the file is in', async () => {
    folder = await mkdtemp(join(tmpdir(), 'millrace-keys-'));
    for (const version of ['1', '2']) {
      await mkdir(join(folder, version));
      await writeFile(join(folder, version, 'key'), `sk-${version}`);
    }
    await symlink('1', join(folder, '..data'));
    await symlink('..data/key', join(folder, 'key'));
    await start(join(folder, 'key'));
    expect(await askForKey()).toBe('Bearer sk-1');
    await symlink('2', join(folder, '..data_tmp'));
    await rename(join(folder, '..data_tmp'), join(folder, '..data'));
    expect(await askForKey()).toBe('Bearer sk-2');
  });
});
