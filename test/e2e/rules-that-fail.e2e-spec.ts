import { afterEach, beforeEach, describe, expect, it } from '@jest/globals';
import type { Type } from '@nestjs/common';
import { toStandardJsonSchema } from '@valibot/to-json-schema';
import { Transform } from 'class-transformer';
import {
  IsString,
  Validate,
  ValidateIf,
  ValidatorConstraint,
  type ValidatorConstraintInterface,
} from 'class-validator';
import * as v from 'valibot';
import { z } from 'zod';
import { agent, AgentTool } from '../../src/workflow/index.js';
import { makeAgentModule } from '../support/bench.js';
import { eventually } from '../support/checks.js';
import { AgentBench } from '../support/agent-bench.js';
import { scriptCompletion, scriptStream, scriptToolCalls } from '../support/upstream/index.js';

/** Numbers of asynchronous rules that were called and that rejected, including rules that the response did not wait for. */
let called = 0;
let rejected = 0;

/** Rejects like a look-up without its database: some turns of the event loop later, when all rules have been called. */
async function rejectLater(turns = 3): Promise<never> {
  called++;
  for (let turn = 0; turn < turns; turn++) await new Promise((resolve) => setImmediate(resolve));
  rejected++;
  throw new Error('the database is gone');
}

function throwAtOnce(): never {
  throw new TypeError('the rule has a bug');
}

/** A rule of class-validator. */
function makeRule(check: (value: unknown) => boolean | Promise<boolean>): Type<ValidatorConstraintInterface> {
  class Rule implements ValidatorConstraintInterface {
    validate(value: unknown): boolean | Promise<boolean> {
      return check(value);
    }
  }
  ValidatorConstraint({ name: 'rule' })(Rule);
  return Rule;
}

const Rejecting = makeRule(() => rejectLater());
const Throwing = makeRule(throwAtOnce);
/** A rule that rejects later for the first item, and throws at once for the second. */
const Mixed = makeRule((value) => (value === 'a' ? rejectLater() : throwAtOnce()));

class RejectThenThrow {
  @IsString() @Validate(Rejecting) readonly a: string;
  @IsString() @Validate(Throwing) readonly b: string;
}
class ThrowThenReject {
  @IsString() @Validate(Throwing) readonly a: string;
  @IsString() @Validate(Rejecting) readonly b: string;
}
class RejectTwice {
  @IsString() @Validate(Rejecting) readonly a: string;
  @IsString() @Validate(Rejecting) readonly b: string;
}
class RejectThenCondition {
  @IsString() @Validate(Rejecting) readonly a: string;
  @IsString() @ValidateIf(throwAtOnce) readonly b: string;
}
class TransformRejectsThenThrows {
  @IsString() @Transform(() => rejectLater()) readonly a: string;
  @IsString() @Transform(throwAtOnce) readonly b: string;
}
class TransformsRejectThenThrow {
  @IsString() @Transform(() => [rejectLater()]) readonly a: string;
  @IsString() @Transform(() => rejectLater()) @Transform(throwAtOnce) readonly b: string;
}
class TransformRejectsRuleThrows {
  @IsString() @Transform(() => rejectLater()) readonly a: string;
  @IsString() @Validate(Throwing) readonly b: string;
}
class Items {
  @IsString({ each: true }) @Validate(Mixed, { each: true }) readonly a: string[];
  @IsString() readonly b: string;
}

const rejecting = z.string().refine(() => rejectLater());
const throwing = z.string().refine(throwAtOnce);
const rejectingInValibot = v.pipeAsync(
  v.string(),
  v.checkAsync(() => rejectLater()),
);
const throwingInValibot = v.pipeAsync(v.string(), v.checkAsync(throwAtOnce));
/** valibot makes no JSON Schema from rules in code, so this is the schema of the same object without them. */
const { jsonSchema } = toStandardJsonSchema(v.object({ a: v.string(), b: v.string() }))['~standard'];
const inValibot = (a: typeof throwingInValibot, b: typeof throwingInValibot) => ({
  '~standard': { ...v.objectAsync({ a, b })['~standard'], jsonSchema },
});

const BOTH = { a: 'a', b: 'b' };
const TYPES = [
  ['a class: one rule rejects, then one throws', RejectThenThrow, BOTH],
  ['a class: one rule throws, then one rejects', ThrowThenReject, BOTH],
  ['a class: two rules reject', RejectTwice, BOTH],
  ['a class: a rule rejects, and a condition throws', RejectThenCondition, BOTH],
  ['a class: one transform rejects, then one throws', TransformRejectsThenThrows, BOTH],
  ['a class: transforms reject, in a list and below one that throws', TransformsRejectThenThrow, BOTH],
  ['a class: a transform rejects, and a rule throws', TransformRejectsRuleThrows, BOTH],
  ['a class: a rule of items rejects for one, and throws for the next', Items, { a: ['a', 'b'], b: 'b' }],
  ['zod: one rule rejects, then one throws', z.object({ a: rejecting, b: throwing }), BOTH],
  ['zod: one rule throws, then one rejects', z.object({ a: throwing, b: rejecting }), BOTH],
  ['zod: two rules reject', z.object({ a: rejecting, b: rejecting }), BOTH],
  [
    'zod: two rules of one field reject, the second first',
    z.object({
      a: z
        .string()
        .refine(() => rejectLater(9))
        .refine(() => rejectLater(1)),
      b: z.string(),
    }),
    BOTH,
  ],
  [
    'zod: rules of the whole, after one of a field that waits',
    z
      .object({ a: z.string().refine(() => Promise.resolve(true)), b: z.string() })
      .refine(() => rejectLater())
      .refine(throwAtOnce),
    BOTH,
  ],
  ['valibot: one rule rejects, then one throws', inValibot(rejectingInValibot, throwingInValibot), BOTH],
  ['valibot: one rule throws, then one rejects', inValibot(throwingInValibot, rejectingInValibot), BOTH],
  ['valibot: two rules reject', inValibot(rejectingInValibot, rejectingInValibot), BOTH],
] as const;

describe('an output whose rules fail in more than one way', () => {
  let bench: AgentBench | undefined;
  const unhandled: unknown[] = [];
  const notice = (reason: unknown): void => void unhandled.push(reason);
  beforeEach(() => {
    called = 0;
    rejected = 0;
    unhandled.length = 0;
    process.on('unhandledRejection', notice);
  });
  afterEach(async () => {
    process.off('unhandledRejection', notice);
    await bench?.close();
    bench = undefined;
  });

  /** Waits until all called rules have ended, and Node has reported the rejections that nothing awaits. */
  async function assertNoneIsLeft(): Promise<void> {
    await eventually(() => rejected === called, { message: 'the end of all rules' });
    await new Promise((resolve) => setImmediate(resolve));
    expect(unhandled).toEqual([]);
  }

  it.each(TYPES)('ends its run alone: %s', async (_, output, text) => {
    bench = await AgentBench.start(makeAgentModule(agent({ output: output as never }), { isVisible: false }));
    bench.upstream.next(scriptCompletion(text));
    const { status, json } = await bench.ask();
    expect(status).toBe(500);
    expect(json).toMatchObject({ error: { type: 'server_error', code: 'internal_error' } });
    await assertNoneIsLeft();
  });

  it.each(TYPES)('is told to the model of a tool as a failure: %s', async (_, argsType, text) => {
    class LookUp extends AgentTool<object, string> {
      readonly name = 'look_up';
      readonly description = 'Looks something up';
      readonly argsType = argsType as never;
      execute(): string {
        return 'found';
      }
    }
    bench = await AgentBench.start(makeAgentModule(agent({ tools: [LookUp] }), { tools: [LookUp] }));
    bench.upstream.next(scriptToolCalls('call_1', 'look_up', text)).next(scriptStream('Sorry.'));
    expect((await bench.ask()).status).toBe(200);
    expect(bench.upstream.requests[1]?.body.messages.at(-1)).toMatchObject({ content: 'Error: the tool failed.' });
    await assertNoneIsLeft();
  });

  it('waits for none of them, once one has failed', async () => {
    bench = await AgentBench.start(makeAgentModule(agent({ output: RejectThenThrow }), { isVisible: false }));
    bench.upstream.next(scriptCompletion(BOTH));
    await bench.ask();
    expect(called).toBe(1);
    await assertNoneIsLeft();
  });
});
