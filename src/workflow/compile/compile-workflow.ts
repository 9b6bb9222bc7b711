import type { CompiledWorkflow } from '../workflow-schema.js';
import type { WorkflowOptions } from '../workflow.decorator.js';
import { type Resolver, ScopeCompiler } from './compile-scope.js';
import type { DefinitionFaults } from './definition-faults.js';
import { readTimeout } from '../read-timeout.js';
import { checkWaits, listWaits } from './list-waits.js';
import { makeWorkflowSchema } from './make-workflow-schema.js';
import { findTakenParameters } from './taken-parameters.js';
import type { WiredWorkflow } from './wire-workflow.js';

/** The default separator between the texts of two visible steps. */
const BLANK_LINE = '\n\n';
/** The default number of nodes of one run that run at the same time. */
const CONCURRENCY = 8;
/** The default pause before a logged run is retried, in milliseconds, and the greatest number of retries. */
const RETRY_DELAY_MS = 10_000;
const MOST_RETRIES = 100;

/**
 * Compiles a wired workflow.
 * @returns undefined if anything is wrong with it, which `faults` then lists
 */
export function compileWorkflow(
  options: WorkflowOptions,
  { flow, result, needs, readsMessages }: WiredWorkflow,
  resolver: Resolver,
  faults: DefinitionFaults,
): CompiledWorkflow | undefined {
  if (flow.steps.length === 0) {
    faults.add('no_nodes', 'it has no steps.', 'Add one in define(), with flow.stream(…) for example.');
    return undefined;
  }
  const { concurrency = CONCURRENCY, background = {} } = options;
  for (const [name, value, place] of [
    ['concurrency', concurrency, '{ concurrency }'],
    ['background.concurrency', background.concurrency ?? 1, '{ background: { concurrency } }'],
  ] as const) {
    if (Number.isInteger(value) && value >= 1) continue;
    faults.add(
      'invalid_concurrency',
      `its ${name} is not a whole number of at least 1.`,
      `Correct @Workflow(${place}).`,
    );
  }
  const { retries = 0, retryDelay = RETRY_DELAY_MS } = background;
  if (!Number.isInteger(retries) || retries < 0 || retries > MOST_RETRIES) {
    const message = `its background.retries is not a whole number from 0 to ${MOST_RETRIES}.`;
    faults.add('invalid_retries', message, 'Correct @Workflow({ background: { retries } }).');
  }
  const retryDelayMs = readTimeout(retryDelay);
  if (retryDelayMs === undefined) {
    faults.add(
      'invalid_retries',
      'its background.retryDelay is not a duration.',
      'Give milliseconds, or a whole number with its unit: @Workflow({ background: { retryDelay: "30s" } }).',
    );
  }
  if (options.onChange !== undefined && options.onChange !== 'resume' && options.onChange !== 'fail') {
    faults.add('invalid_on_change', 'its onChange is neither resume nor fail.', 'Correct @Workflow({ onChange }).');
  }
  if (needs.length > 0 && options.onlyAsStep === undefined) {
    faults.add(
      'more_than_a_request',
      `it reads ${needs.map((name) => `"${name}"`).join(', ')}, which no request of a client has.`,
      'Give it @Workflow({ onlyAsStep: true }), so that it only runs as a step, or onlyAsStep: false if it can do without.',
    );
  }
  const compiler = new ScopeCompiler(faults, resolver);
  const scope = compiler.compile(flow, result);
  compiler.reportUnused();
  const waits = listWaits(scope);
  checkWaits(waits, faults);
  if (faults.all.length > 0 || retryDelayMs === undefined) return undefined;

  const { resultStep } = scope;
  const visible = scope.steps.some((step) => step.visible);
  return Object.freeze<CompiledWorkflow>({
    id: options.id,
    description: options.description,
    version: options.version,
    traced: options.tracing ?? true,
    separator: options.separator ?? BLANK_LINE,
    concurrency,
    backgroundConcurrency: background.concurrency,
    retries,
    retryDelayMs,
    schema: makeWorkflowSchema(scope),
    scope,
    visible,
    resultStep,
    onlyAsStep: options.onlyAsStep === true,
    waits,
    // An answer to one version of a question does not answer another version.
    onChange: options.onChange ?? (waits.length > 0 ? 'fail' : 'resume'),
    schedules: options.schedules ?? [],
    needs: options.onlyAsStep === true ? needs : [],
    reads: needs,
    readsMessages,
    takes: findTakenParameters(scope, visible),
  });
}
