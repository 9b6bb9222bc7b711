import { ensureError } from '../../kernel/index.js';
import type { RunRequest } from '../run-request.js';
import { Flow, makeWiring } from '../flow.js';
import type { WorkflowDefinition } from '../workflow-definition.js';
import type { CompiledWorkflow } from '../workflow-schema.js';
import type { WorkflowOptions } from '../workflow.decorator.js';
import { type Resolver, ScopeCompiler } from './compile-scope.js';
import type { DefinitionFaults } from './definition-faults.js';
import { findTakenParameters } from './taken-parameters.js';
import { makeWorkflowSchema } from './make-workflow-schema.js';

/** What stands between the texts of two visible nodes if the workflow does not say. */
const BLANK_LINE = '\n\n';
/** How many nodes of one run are at work at the same time if the workflow does not say. */
const CONCURRENCY = 8;

/**
 * Runs a workflow's `define` and checks and freezes what it wired.
 * @returns undefined if anything is wrong with it; `faults` then says what
 */
export function compileWorkflow(
  options: WorkflowOptions,
  definition: WorkflowDefinition,
  resolver: Resolver,
  faults: DefinitionFaults,
): CompiledWorkflow | undefined {
  const flow = new Flow();
  let result: unknown;
  try {
    result = definition.define(flow, makeWiring<RunRequest>(flow));
  } catch (error) {
    const fix = 'Correct define(); it must only wire steps.';
    faults.add('define_failed', `define() threw "${ensureError(error).message}".`, fix);
    return undefined;
  }
  if (flow.steps.length === 0) {
    faults.add('no_nodes', 'it has no nodes.', 'Add one with flow.node(…) in define().');
    return undefined;
  }
  const { concurrency = CONCURRENCY } = options;
  if (!Number.isInteger(concurrency) || concurrency < 1) {
    faults.add(
      'invalid_concurrency',
      'its concurrency is no whole number from 1.',
      'Correct @Workflow({ concurrency }).',
    );
  }
  const compiler = new ScopeCompiler(faults, resolver);
  const scope = compiler.compile(flow, result);
  compiler.reportUnused();
  if (faults.all.length > 0) return undefined;

  const { resultStep } = scope;
  const visible = scope.steps.some((step) => step.visible);
  return Object.freeze<CompiledWorkflow>({
    id: options.id,
    description: options.description,
    version: options.version,
    traced: options.tracing ?? true,
    separator: options.separator ?? BLANK_LINE,
    concurrency,
    schema: makeWorkflowSchema(scope),
    scope,
    visible,
    resultStep,
    takes: findTakenParameters(scope, visible),
  });
}
