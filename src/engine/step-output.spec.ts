import { IsDate, IsString } from 'class-validator';
import { Transform, Type } from 'class-transformer';
import { z } from 'zod';
import type { OutputType } from '../schema/index.js';
import type { NodeStep } from '../workflow/index.js';
import { keepOutput, makeFingerprint, reviveOutput } from './step-output.js';

class Report {
  @IsString()
  title!: string;

  @IsDate()
  @Type(() => Date)
  at!: Date;
}

class Shouted {
  @IsString()
  @Transform(({ value }) => `${String(value)}!`)
  text!: string;
}

const dated = z.object({ at: z.iso.datetime().transform((text) => new Date(text)) });

function makeStep(returns?: OutputType): NodeStep {
  const instance = { process: () => undefined, ...(returns && { returns }) };
  return {
    kind: 'node',
    key: 'write',
    node: 'WriteNode',
    nodeKind: 'node',
    visible: false,
    streams: false,
    dependsOn: [],
    instance,
    input: () => undefined,
    onError: undefined,
    runsOnce: false,
  };
}

interface Case {
  readonly what: string;
  readonly output: unknown;
  readonly returns?: OutputType;
  /** The model's text. */
  readonly source?: string;
}

/**
 * What comes out of the store.
 * @param source the model's text
 */
async function survive(output: unknown, returns?: OutputType, source?: string): Promise<unknown> {
  const step = makeStep(returns);
  const kept = await keepOutput(output, { step, node: 'in/write', workflow: 'news' }, source);
  return reviveOutput(JSON.parse(JSON.stringify(kept)) as typeof kept, step);
}

describe('An output that is kept', () => {
  const report = Object.assign(new Report(), { title: 'T', at: new Date(0) });
  const shouted = Object.assign(new Shouted(), { text: 'no!' });

  it.each<Case>([
    { what: 'nothing', output: undefined },
    { what: 'null', output: null },
    { what: 'a text with half a character', output: 'a\ud83d' },
    { what: 'plain data', output: { list: [1, 'a', true, null, { deep: {} }] } },
    { what: 'an object of a class', output: report, returns: Report },
    {
      what: 'an object whose class changes what it is given',
      output: shouted,
      returns: Shouted,
      source: '{"text":"no"}',
    },
    {
      what: 'what a schema makes of a text',
      output: { at: new Date(5) },
      returns: dated,
      source: '{"at":"1970-01-01T00:00:00.005Z"}',
    },
    { what: 'what a schema makes, of a node that got it elsewhere', output: { at: new Date(5) }, returns: dated },
  ])('is the same again: $what', async ({ output, returns, source }) => {
    expect(await survive(output, returns, source)).toStrictEqual(output);
  });

  it('comes back without properties that were undefined', async () => {
    expect(await survive({ a: 1, b: undefined })).toStrictEqual({ a: 1 });
  });

  const cyclic: Record<string, unknown> = {};
  cyclic['self'] = cyclic;

  it.each<Case>([
    { what: 'at "at" it is an instance of Date', output: { at: new Date() } },
    { what: 'it is an instance of Report', output: report },
    { what: 'at "[1].n" it is NaN', output: [1, { n: Number.NaN }] },
    { what: 'at "[0]" it is undefined', output: [undefined] },
    { what: 'it is a bigint', output: 1n },
    { what: 'at "f" it is a function', output: { f: () => 1 } },
    { what: 'it is an instance of Map', output: new Map() },
    { what: 'it is nested too deeply, or contains itself', output: cyclic },
    { what: 'it is an instance of Shouted', output: shouted, returns: Shouted },
    {
      what: 'it is an instance of Report',
      output: Object.assign(new Report(), { title: 'T', at: new Date(0), more: 1 }),
      returns: Report,
    },
  ])('is refused with the place and what to do: $what', async ({ what, output, returns }) => {
    const refusal = survive(output, returns);
    await expect(refusal).rejects.toThrow('The step "in/write" of the workflow "news" returned an output');
    await expect(refusal).rejects.toThrow(what);
    await expect(refusal).rejects.toThrow(
      returns === undefined ? 'Return plain data, or declare' : 'return exactly what it makes',
    );
  });

  it('is refused above 1 MiB of JSON, also if the same object is in many places', async () => {
    const shared = Array.from({ length: 64 }, () => 'x'.repeat(64));
    let many: unknown = shared;
    for (let level = 0; level < 20; level++) many = [many, many];
    await expect(survive('é'.repeat(1024 * 512))).rejects.toMatchObject({ code: 'output_too_large', status: 500 });
    await expect(survive(many)).rejects.toMatchObject({ code: 'output_too_large' });
    expect(await survive('x'.repeat(1024 * 1024 - 2))).toHaveLength(1024 * 1024 - 2);
  });

  it('is not used for a step that has changed', () => {
    const prints = [makeStep(), makeStep(Report), makeStep(dated), { ...makeStep(), visible: true }].map(
      makeFingerprint,
    );
    expect(new Set(prints).size).toBe(prints.length);
    expect(makeFingerprint(makeStep(Report))).toBe(prints[1]);
  });
});
