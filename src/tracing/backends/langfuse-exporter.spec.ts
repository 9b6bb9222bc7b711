import { describe, expect, it } from '@jest/globals';
import type { FinishedTrace, TraceExporter } from '../recording/finished-trace.js';
import { checkKeys } from './key-check.js';
import { LangfuseExporter } from './langfuse-exporter.js';
import type { LangfuseServer } from './langfuse-server.js';

class Way implements TraceExporter {
  exports = 0;

  constructor(readonly name: string) {}

  export(): Promise<void> {
    this.exports++;
    return Promise.resolve();
  }
}

const TRACES: readonly FinishedTrace[] = [];
const { signal: NEVER } = new AbortController();

/** An exporter for a server that reports these versions, one per request. */
function makeExporter(...versions: (string | undefined)[]) {
  let asked = 0;
  const server = { readVersion: () => Promise.resolve(versions[Math.min(asked++, versions.length - 1)]) };
  const [otlp, legacy] = [new Way('otlp'), new Way('legacy')];
  const exporter = new LangfuseExporter(server, { otlp, legacy: () => legacy });
  return { exporter, otlp, legacy, asked: () => asked };
}

describe('LangfuseExporter', () => {
  it.each([
    ['4.16.0', 'otlp'],
    ['3.95.0', 'otlp'],
    ['3.100.2', 'otlp'],
    ['v3.95.1', 'otlp'],
    ['10.0.0', 'otlp'],
    ['3.94.9', 'legacy'],
    ['3.9.5', 'legacy'],
    ['2.95.11', 'legacy'],
    ['nightly', 'otlp'],
  ])('sends to version %s through %s', async (version, way) => {
    const { exporter, otlp, legacy } = makeExporter(version);
    await exporter.export(TRACES, NEVER);
    expect([otlp.exports, legacy.exports]).toEqual(way === 'otlp' ? [1, 0] : [0, 1]);
  });

  it('asks once for concurrent callers', async () => {
    const { exporter, legacy, asked } = makeExporter('2.0.0');
    await Promise.all([exporter.choose(), exporter.export(TRACES, NEVER), exporter.export(TRACES, NEVER)]);
    await exporter.export(TRACES, NEVER);
    expect([legacy.exports, asked()]).toEqual([3, 1]);
  });

  it('uses OTLP while the version is unknown, and asks again', async () => {
    const { exporter, otlp, legacy } = makeExporter(undefined, undefined, '2.0.0');
    for (let i = 0; i < 4; i++) await exporter.export(TRACES, NEVER);
    expect([otlp.exports, legacy.exports]).toEqual([2, 2]);
  });

  it('stops waiting for the server when it is aborted', async () => {
    const server = { readVersion: () => new Promise<undefined>(() => undefined) };
    const exporter = new LangfuseExporter(server, { otlp: new Way('otlp'), legacy: () => new Way('legacy') });
    const controller = new AbortController();
    const exporting = exporter.export(TRACES, controller.signal);
    controller.abort(new Error('enough'));
    await expect(exporting).rejects.toThrow('enough');
  });
});

describe('checkKeys', () => {
  const check = async (result: Awaited<ReturnType<LangfuseServer['checkKeys']>>): Promise<[string[], boolean[]]> => {
    const lines: string[] = [];
    const accepted: boolean[] = [];
    await checkKeys(
      { checkKeys: () => Promise.resolve(result) },
      { noteCredentials: (verdict) => accepted.push(verdict) },
      { log: (line) => lines.push(`INFO ${line}`), warn: (line) => lines.push(`WARN ${line}`) },
    );
    return [lines, accepted];
  };

  it('logs each outcome in one line, and tells the queue of a refusal', async () => {
    expect(await check({ result: 'accepted', project: 'p' })).toEqual([[expect.stringMatching(/^INFO .*"p"/)], []]);
    expect(await check({ result: 'refused' })).toEqual([
      [expect.stringMatching(/^WARN .*LANGFUSE_PUBLIC_KEY and LANGFUSE_SECRET_KEY/)],
      [false],
    ]);
    expect(await check({ result: 'unknown', why: 'x' })).toEqual([[expect.stringMatching(/^WARN .*: x\./)], []]);
  });
});
