import { expect, it } from '@jest/globals';
import type { StoreBench } from './store-bench.js';

/** Tests of every store: the events of runs. */
export function describeLogs(bench: StoreBench): void {
  it('returns what was appended, from any number on, also after the process has ended', async () => {
    await bench.create('r1');
    await bench.create('r2');
    await expect(bench.append([bench.makeBatch('r1', 0, 3), bench.makeBatch('r2', 0, 1)])).resolves.toEqual([
      true,
      true,
    ]);
    await expect(bench.append([bench.makeBatch('r1', 3, 2)])).resolves.toEqual([true]);
    await bench.reopen();
    for (let from = 0; from <= 5; from++) {
      expect(await bench.readAll('r1', from)).toEqual([0, 1, 2, 3, 4].slice(from));
    }
    expect(await bench.readAll('r2')).toEqual([0]);
    await expect(bench.logs.findRequest('r1')).resolves.toBe('{"of":"r1"}');
  });

  it('appends a batch once, however often it is sent, and refuses one that would leave a gap', async () => {
    await bench.create('r1');
    const first = bench.makeBatch('r1', 0, 2);
    await expect(bench.append([first])).resolves.toEqual([true]);
    await expect(bench.append([first])).resolves.toEqual([true]);
    await expect(bench.append([bench.makeBatch('r1', 3, 1)])).resolves.toEqual([false]);
    await expect(bench.append([bench.makeBatch('r1', 1, 2)])).resolves.toEqual([false]);
    expect(await bench.readAll('r1')).toEqual([0, 1]);
  });

  it('refuses events of a run that is over, was begun by another process, or was removed', async () => {
    await bench.create('r1');
    await bench.create('r2');
    const end = bench.makeBatch('r1', 0, 1, { ending: bench.makeEnding() });
    await expect(bench.append([end, bench.makeBatch('r2', 0, 1, { epoch: 1 })])).resolves.toEqual([true, false]);
    // A process whose reply was lost appends the same batch again.
    await expect(bench.append([end])).resolves.toEqual([true]);
    await expect(bench.append([bench.makeBatch('r1', 1, 1)])).resolves.toEqual([false]);
    await bench.logs.remove('r2', 'a');
    await expect(bench.append([bench.makeBatch('r2', 0, 1)])).resolves.toEqual([false]);
    expect(await bench.readAll('r1')).toEqual([0]);
  });

  it('returns a long log in pieces', async () => {
    await bench.create('r1');
    for (let first = 0; first < 450; first++) await bench.logs.append([bench.makeBatch('r1', first, 1)]);
    expect((await bench.logs.read('r1', 0))?.events).toHaveLength(200);
    await bench.logs.append([
      bench.makeBatch('r1', 450, 1, { events: [JSON.stringify({ n: 450, text: 'x'.repeat(300 * 1024) })] }),
    ]);
    await bench.logs.append([bench.makeBatch('r1', 451, 1)]);
    expect((await bench.logs.read('r1', 449))?.events).toHaveLength(2);
    expect(await bench.readAll('r1')).toEqual(Array.from({ length: 452 }, (_, number) => number));
  });

  it('packs the log of a run that is over, and every page has the same events as before', async () => {
    await bench.create('r1');
    for (let first = 0; first < 1_400; first += 20) await bench.append([bench.makeBatch('r1', first, 20)]);
    const big = JSON.stringify({ n: 1_400, text: '😀'.repeat(200 * 1024) });
    await bench.logs.append([bench.makeBatch('r1', 1_400, 1, { events: [big] })]);
    await bench.logs.pack('r1');
    expect(await bench.readAll('r1')).toHaveLength(1_401);
    await bench.logs.append([bench.makeBatch('r1', 1_401, 1, { ending: bench.makeEnding() })]);
    const before = await bench.logs.read('r1', 1_395);
    await bench.logs.pack('r1');
    await bench.logs.pack('r1');
    await bench.reopen();
    for (const from of [0, 1, 249, 250, 251, 999, 1_400, 1_401, 1_402]) {
      expect(await bench.readAll('r1', from)).toEqual(Array.from({ length: 1_402 - from }, (_, place) => from + place));
    }
    expect((await bench.logs.read('r1', 1_395))?.events).toEqual([
      ...(before?.events ?? []),
      ...((await bench.logs.read('r1', 1_395 + (before?.events.length ?? 0)))?.events ?? []),
    ]);
    expect((await bench.logs.read('r1', 0))?.events.length).toBeLessThanOrEqual(1_250);
  });

  it('reads several logs at once, each from the position of its reader', async () => {
    for (const id of ['r1', 'r2', 'r3']) await bench.create(id);
    await bench.append([bench.makeBatch('r1', 0, 3), bench.makeBatch('r2', 0, 2, { ending: bench.makeEnding() })]);
    const pages = await bench.logs.readMany([
      { id: 'r1', from: 1 },
      { id: 'r2', from: 2 },
      { id: 'r3', from: 0 },
      { id: 'r9', from: 0 },
    ]);
    expect(pages).toEqual(
      new Map([
        ['r1', { events: [{ n: 1 }, { n: 2 }], isOver: false }],
        ['r2', { events: [], isOver: true }],
        ['r3', { events: [], isOver: false }],
        ['r9', undefined],
      ]),
    );
  });
}
