import { isDeepStrictEqual } from 'node:util';
import { StepOutputTooLargeError } from '../errors/index.js';
import { type JsonValue, sha256, tryWriteJson } from '../kernel/index.js';
import { makeOutputSchema, type OutputSchema } from '../schema/index.js';
import type { NodeStep } from '../workflow/index.js';
import { findUnkeepable, MOST_KEPT_BYTES } from './find-unkeepable.js';
import type { KeptOutput } from './step-checkpoint.js';

/** The step that returned an output. */
interface Giver {
  readonly step: NodeStep;
  /** Key of the step, preceded by those of the enclosing steps. */
  readonly node: string;
  /** Id of its workflow. */
  readonly workflow: string;
}

const fingerprints = new WeakMap<NodeStep, string>();

/** Identifies a step to decide whether its checkpoint can be used: its kind, and the class or schema of its output. */
export function makeFingerprint(step: NodeStep): string {
  const known = fingerprints.get(step);
  if (known !== undefined) return known;
  const schema = findSchema(step)?.schema;
  const facts = [
    step.nodeKind,
    step.visible ? 'visible' : 'silent',
    ...(schema === undefined ? [] : [sha256(JSON.stringify(schema)).slice(0, 16)]),
  ];
  const made = facts.join(' ');
  fingerprints.set(step, made);
  return made;
}

/**
 * Finds the form in which an output is stored: as it is, or as JSON from which the step's class or schema makes an
 * equal output.
 * @param source the text that a model wrote for it; undefined if unknown
 * @throws StepOutputTooLargeError; Error if no form restores an equal output
 */
export async function keepOutput(output: unknown, giver: Giver, source: string | undefined): Promise<KeptOutput> {
  if (output === undefined) return {};
  const unkeepable = findUnkeepable(output, giver.node);
  if (unkeepable === undefined) {
    assertSize(JSON.stringify(output), giver);
    // Checked just before: it is plain data.
    return { value: output as JsonValue };
  }
  const schema = findSchema(giver.step);
  if (schema !== undefined) {
    for (const json of [source, tryWriteJson(output)]) {
      if (json === undefined || !(await makesSameValue(json, output, schema))) continue;
      assertSize(json, giver);
      return { json };
    }
  }
  const { node, workflow, step } = giver;
  const remedy =
    step.instance.returns === undefined
      ? 'Return plain data, or declare what it returns: `readonly returns = …` in its class, with a class that has validation decorators or a schema'
      : 'What it declares as `returns`, or its agent as `output`, does not make an equal value from the JSON of the output: return exactly what it makes';
  throw new Error(
    `The step "${node}" of the workflow "${workflow}" returned an output that would not survive a restart: ${unkeepable}. ` +
      `This run is logged, so that another process can continue it, and each output is stored as JSON. ${remedy}`,
  );
}

/**
 * Restores the output.
 * @throws StructuredOutputError, Error if the step makes a different output of it now
 */
export async function reviveOutput({ value, json }: KeptOutput, step: NodeStep): Promise<unknown> {
  if (json === undefined) return value;
  const schema = findSchema(step);
  if (schema === undefined) throw new Error(`The step "${step.key}" no longer has a class or schema for its output`);
  return schema.parse(json);
}

/**
 * Checks that `context.metadata` survives a restart.
 * @throws StepOutputTooLargeError; Error if it does not
 */
export function assertMetadataKept(metadata: object, { node, workflow }: Omit<Giver, 'step'>): void {
  const unkeepable = findUnkeepable(metadata, node);
  if (unkeepable === undefined) return assertSize(JSON.stringify(metadata), { node });
  throw new Error(
    `The context.metadata of the workflow "${workflow}", when its step "${node}" had finished, would not survive a restart: ` +
      `${unkeepable}. This run is logged, so that another process can continue it. Put plain data into the metadata`,
  );
}

/** @throws StepOutputTooLargeError */
function assertSize(json: string, { node }: Pick<Giver, 'node'>): void {
  if (json.length > MOST_KEPT_BYTES || Buffer.byteLength(json) > MOST_KEPT_BYTES) {
    throw new StepOutputTooLargeError(node, MOST_KEPT_BYTES);
  }
}

function findSchema({ instance: { returns } }: NodeStep): OutputSchema<unknown> | undefined {
  return returns && makeOutputSchema(returns);
}

async function makesSameValue(json: string, output: unknown, schema: OutputSchema<unknown>): Promise<boolean> {
  try {
    return isDeepStrictEqual(await schema.parse(json), output);
  } catch {
    // The JSON does not fit, or a rule of the author fails the second time.
    return false;
  }
}
