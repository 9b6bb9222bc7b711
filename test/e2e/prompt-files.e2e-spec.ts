import { cp, mkdir, rm, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, it } from '@jest/globals';
import { FaultyServer } from '../support/faulty-server.js';
import { postJson } from '../support/http-client.js';
import { startProcess } from '../support/process.js';
import { ScriptedUpstream } from '../support/scripted-upstream.js';
import { type ServerProcess, startServerProcess } from '../support/server-process.js';
import { scriptStream } from '../support/upstream/scripts.js';
import { ROOT } from '../support/places.js';

const REVIEW = 'c#-review.md';
const EFFORT = '100%.md';

describe('Prompt files of a compiled server', () => {
  let project: FaultyServer;
  let upstream: ScriptedUpstream;
  let server: ServerProcess | undefined;
  beforeAll(async () => {
    project = await FaultyServer.build('prompted-workflows.mjs');
    await cp(join(ROOT, 'scripts'), join(project.folder, 'scripts'), { recursive: true });
  }, 120_000);
  afterAll(() => project.remove());
  beforeEach(async () => {
    upstream = await ScriptedUpstream.start();
    upstream.always(scriptStream('Done.'));
    await mkdir(join(project.folder, 'src/workflows/prompts'), { recursive: true });
    await edit(REVIEW, 'Review as built.');
    await edit(EFFORT, 'Try hard.');
    const copied = await startProcess(['scripts/copy-assets.mjs'], { cwd: project.folder });
    expect(await copied.exit).toEqual({ code: 0, signal: null });
  });
  afterEach(async () => {
    await server?.process.stop();
    server = undefined;
    await upstream.close();
  });

  const edit = (name: string, content: string): Promise<void> =>
    writeFile(join(project.folder, 'src/workflows/prompts', name), content);
  const env = (more: Record<string, string> = {}): Record<string, string> => ({
    OPENAI_BASE_URL: upstream.url,
    OPENAI_API_KEY: 'sk-test',
    ...more,
  });
  const start = async (more?: Record<string, string>): Promise<ServerProcess> =>
    (server = await startServerProcess({ main: project.main, cwd: project.folder, env: env(more) }));
  /** The instructions that the model gets for a request to a workflow; undefined if the request fails. */
  const readInstructions = async (model: string): Promise<unknown> => {
    const before = upstream.requests.length;
    const messages = [{ role: 'user', content: 'Hello' }];
    const { status } = await postJson(`${server?.url}/v1/chat/completions`, { model, messages });
    return status === 200 ? upstream.requests[before]?.body.messages[0]?.content : undefined;
  };

  it('that are edited in src are seen at the next request, without a build', async () => {
    await start();
    expect([await readInstructions('review'), await readInstructions('effort')]).toEqual([
      'Review as built.',
      'Try hard.',
    ]);
    await edit(REVIEW, 'Review with care.');
    expect(await readInstructions('review')).toBe('Review with care.');

    await edit(REVIEW, 'Review {{ what }}.');
    expect(await readInstructions('review')).toBeUndefined();
    await server?.process.waitForLine(
      /The prompt file src\/workflows\/prompts\/c#-review\.md cannot be rendered: undefined variable: what/,
    );
    await edit(EFFORT, '{{ broken');
    expect(await readInstructions('effort')).toBeUndefined();
    await server?.process.waitForLine(/The prompt file src\/workflows\/prompts\/100%\.md has a mistake/);
    await edit(REVIEW, 'Review again.');
    expect(await readInstructions('review')).toBe('Review again.');
  });

  it('stop the start with a message that names their path in src', async () => {
    await rm(join(project.folder, 'src/workflows/prompts', EFFORT));
    await expect(start()).rejects.toThrow(/The prompt file src\/workflows\/prompts\/100%\.md does not exist/);
  });

  it('are seen by commands, too', async () => {
    await edit(REVIEW, 'Review on the command line.');
    const child = await startProcess([project.cli, 'run', 'review', 'Hello'], { cwd: project.folder, env: env() });
    expect(await child.exit).toEqual({ code: 0, signal: null });
    expect(upstream.requests[0]?.body.messages[0]).toMatchObject({ content: 'Review on the command line.' });
  });

  it.each(['production', 'prod'])(
    'are those of the build where NODE_ENV is %s, read once at the start',
    async (name) => {
      await edit(REVIEW, 'Not built.');
      await start({ NODE_ENV: name });
      expect([await readInstructions('review'), await readInstructions('effort')]).toEqual([
        'Review as built.',
        'Try hard.',
      ]);
      await writeFile(join(project.folder, 'dist/workflows/prompts', REVIEW), 'Changed while it runs.');
      expect(await readInstructions('review')).toBe('Review as built.');
    },
  );
});
