import { afterEach, describe, expect, it } from '@jest/globals';
import { Global, Injectable, Module } from '@nestjs/common';
import { TraceMask } from '../../src/tracing/index.js';
import type { TestAppOptions } from '../support/app.js';
import { readContent } from '../support/chunks.js';
import { LangfuseBench, OBSERVATION, readShown, type ShownSpan } from '../support/langfuse-bench.js';
import { scriptStream } from '../support/upstream/scripts.js';
import { reset, role, text } from '../support/upstream/steps.js';

describe('a trace that leaves the server', () => {
  let bench: LangfuseBench;
  afterEach(() => bench.close());
  const start = async (env: Record<string, string> = {}, imports: TestAppOptions['imports'] = []): Promise<void> => {
    bench = await LangfuseBench.start({ env, imports });
  };

  it('holds no text that anybody wrote if content is switched off', async () => {
    await start({ TRACING_CAPTURE_CONTENT: 'false' });
    bench.upstream.next(
      scriptStream('The secret answer', { usage: { prompt_tokens: 7, completion_tokens: 2, total_tokens: 9 } }),
    );
    const stream = await bench.ask({
      messages: [{ role: 'user', content: 'The secret question' }],
      metadata: { note: 'secret' },
      stop: ['secret'],
    });
    await stream.collect();
    bench.upstream.next([role(), text('The secret half'), reset()]);
    const failed = await bench.ask({ messages: [{ role: 'user', content: 'The secret question' }] });
    await failed.collect();
    await bench.findTraceOfStream(failed);
    const trace = await bench.findTraceOfStream(stream);
    expect(JSON.stringify(bench.langfuse.spans())).not.toContain('secret');
    for (const { body } of bench.langfuse.ingestRequests) expect(body.toString('latin1')).not.toContain('secret');
    const [root] = trace.roots as [ShownSpan];
    const [node] = root.children as [ShownSpan];
    const [call] = node.children as [ShownSpan];
    expect(readShown(call, 'usage_details')).toBe('{"input":7,"output":2,"total":9}');
    expect(readShown(root, 'metadata.run_id')).toMatch(/^chatcmpl-/);
  });

  it('holds no secret of a usual form, whoever wrote it, but keeps all ordinary names', async () => {
    await start();
    const secrets = [
      ['ghp', '_4f9a8b7c6d5e4f3a2b1cAbCdEfGhIjKlMnOp'],
      ['glpat', '-4f9a8b7c6d5e4f3a2b1c'],
      ['xoxb', '-123456789012-AbCdEfGhIjKl'],
      ['r8', '_4f9a8b7c6d5e4f3a2b1cAbCdEfGhIjKl'],
      ['eyJ', 'hbGciOiJIUzI1NiJ9.eyJzdWIiOiIxIn0.dozjgNryP4J3jVmN'],
    ].map((parts) => parts.join(''));
    const said = `The key_points of org_structure: ${secrets.join(' and ')}`;
    bench.upstream.next(scriptStream(said.match(/.{1,7}/gs) ?? []));
    const stream = await bench.ask({ messages: [{ role: 'user', content: said }], metadata: { note: said } });
    expect(readContent(await stream.collect())).toBe(said);
    const trace = await bench.findTraceOfStream(stream);
    const sent = JSON.stringify(trace);
    for (const secret of secrets) expect(sent).not.toContain(secret.slice(-8));
    const [root] = trace.roots as [ShownSpan];
    expect(readShown(root, 'output')).toBe(
      `The key_points of org_structure: ${secrets.map(() => '[redacted]').join(' and ')}`,
    );
  });

  it('lets the application mask what it does not want to send', async () => {
    @Injectable()
    class NoNames extends TraceMask {
      override mask(value: string): string {
        return value.replaceAll('Anna', '<name>');
      }
    }
    @Global()
    @Module({ providers: [{ provide: TraceMask, useClass: NoNames }], exports: [TraceMask] })
    class MaskModule {}

    await start({}, [MaskModule]);
    bench.upstream.next(scriptStream(['An', 'na is here']));
    const stream = await bench.ask({
      messages: [{ role: 'user', content: 'Where is Anna?' }],
      metadata: { who: 'Anna' },
    });
    expect(readContent(await stream.collect())).toBe('Anna is here');
    const trace = await bench.findTraceOfStream(stream);
    expect(JSON.stringify(trace)).not.toContain('Anna');
    const [root] = trace.roots as [ShownSpan];
    expect(readShown(root, 'output')).toBe('<name> is here');
    expect(readShown(root, 'metadata.who')).toBe('<name>');
  });

  it('cuts what is too long, and says so', async () => {
    await start({ TRACING_FIELD_LIMIT: '1kb' });
    bench.upstream.next(scriptStream('Hi'));
    const stream = await bench.ask({ messages: [{ role: 'user', content: 'x'.repeat(100_000) }] });
    await stream.collect();
    const trace = await bench.findTraceOfStream(stream);
    for (const { attributes } of trace.spans) {
      const input = String(attributes[`${OBSERVATION}input`]);
      expect(input).toMatch(/characters cut off/);
      expect(input.length).toBeLessThan(1_200);
      expect(() => JSON.parse(input) as unknown).not.toThrow();
    }
  });
});
