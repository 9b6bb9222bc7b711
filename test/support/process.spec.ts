import { afterEach, describe, expect, it } from '@jest/globals';
import { type ChildProcess, startProcess } from './process.js';

/** Prints its environment, and exits with code 3 on request. */
const SERVER = `
  process.on('SIGTERM', () => { console.log('bye'); process.exit(3); });
  console.log('listening on ' + process.env.WHERE);
  console.error('inherited ' + String(process.env.NODE_OPTIONS));
  setInterval(() => {}, 1000);
`;

describe('startProcess', () => {
  let child: ChildProcess | undefined;
  afterEach(() => child?.stop());

  it('shows lines of both streams, passes signals and tells how the process ended', async () => {
    child = await startProcess(['-e', SERVER], { env: { WHERE: 'http://[::1]:80' } });
    expect((await child.waitForLine(/listening on (.*)/))[1]).toBe('http://[::1]:80');
    await child.waitForLine(/inherited undefined/);
    // waitForLine also finds lines that were written before the call.
    await child.waitForLine(/listening/);
    child.signal('SIGTERM');
    expect(await child.exit).toEqual({ code: 3, signal: null });
    expect([child.stdout, child.stderr]).toEqual(['listening on http://[::1]:80\nbye\n', 'inherited undefined\n']);
  });

  it('does not wait for a line of a process that has ended', async () => {
    child = await startProcess(['-e', 'console.error("no key"); process.exit(1)']);
    await expect(child.waitForLine(/listening/)).rejects.toThrow(/ended \(1\) without the line[^]*no key/);
  });

  it('kills what does not end by itself', async () => {
    child = await startProcess(['-e', `process.on('SIGTERM', () => {}); ${SERVER}`]);
    await child.waitForLine(/listening/);
    expect(await child.stop()).toEqual({ code: null, signal: 'SIGKILL' });
    expect(await child.stop()).toEqual({ code: null, signal: 'SIGKILL' });
  });

  it('runs another program, if there is one', async () => {
    child = await startProcess(['-c', 'echo "$0 runs"', 'it'], { command: 'sh' });
    expect(await child.exit).toEqual({ code: 0, signal: null });
    expect(child.stdout).toBe('it runs\n');
    await expect(startProcess([], { command: 'no-such-program' })).rejects.toMatchObject({ code: 'ENOENT' });
  });
});
