import {
  type OpenWait,
  Run,
  type RunEvent,
  type RunFailed,
  type RunFinished,
  RunHistory,
  type StepCheckpoint,
  type WaitAnswer,
} from '../../src/engine/index.js';
import { Cancellation, RandomIdSource } from '../../src/kernel/index.js';
import { mergeDeltaEvents } from '../../src/runs/index.js';
import { DeltaCollector, Gate } from '../../src/streaming/index.js';
import { type CompiledWorkflow, RunLogger, type RunRequest } from '../../src/workflow/index.js';
import { FakeClock } from './fake-clock.js';

/** An event in a log, with the checkpoint of a step that finished with it. Its number is its place in the log. */
export interface LogEntry {
  readonly event: RunEvent;
  readonly checkpoint?: StepCheckpoint;
}

/** The parts that a run needs. */
interface RunSetting {
  readonly workflow: CompiledWorkflow;
  readonly request?: RunRequest;
  /** Answers each wait at once. Absent: the run waits. */
  readonly answer?: (wait: OpenWait) => unknown;
}

const REQUEST: RunRequest = { model: 'outer', messages: [{ role: 'user', content: 'Hi' }], parameters: {} };

/**
 * Runs a workflow to its end as a logged run, which survives its process.
 * @param before the log of an earlier process that has ended; absent: the run starts
 * @param answers the answers to its waits
 * @returns the whole log
 */
export async function runLogged(
  { workflow, request = REQUEST, answer }: RunSetting,
  before?: readonly LogEntry[],
  answers?: ReadonlyMap<string, WaitAnswer>,
): Promise<readonly LogEntry[]> {
  const kept = JSON.parse(JSON.stringify(before ?? [])) as LogEntry[];
  const history = new RunHistory(workflow);
  kept.forEach(({ event }, number) => history.take(event, number));
  const steps = kept.flatMap(({ checkpoint }) => checkpoint ?? []).toReversed();
  const attempt = kept.filter(({ event }) => event.type === 'run-resumed').length + 2;
  const log = [...kept];
  let checkpoint: StepCheckpoint | undefined;
  const run = new Run({
    workflow,
    request,
    cancellation: new Cancellation(),
    gate: new Gate(),
    clock: new FakeClock(),
    ids: new RandomIdSource(),
    failFastMs: undefined,
    log: new RunLogger({ run_id: 'run_1' }),
    traceId: undefined,
    observersWantContent: false,
    keepsOutput: false,
    maxOutputLength: 100_000,
    estimatesTokens: true,
    answer,
    readersWantContent: () => true,
    keepStep: (step) => {
      if (checkpoint !== undefined) throw new Error('A step was stored without its event');
      checkpoint = step;
    },
    resumed: before && { epoch: attempt, attempt, history, steps, ...(answers !== undefined && { answers }) },
    observe: () => undefined,
    emit: (event) => {
      if (
        checkpoint !== undefined &&
        !(event.type.startsWith('node-f') && 'node' in event && event.node === checkpoint.node)
      )
        throw new Error(`The step ${checkpoint.node} was stored with the event ${event.type}`);
      log.push({ event: structuredClone(event), ...(checkpoint && { checkpoint }) });
      checkpoint = undefined;
    },
  });
  await run.execute();
  return log;
}

/** Joins consecutive deltas, as a log does with fast ones. */
export function joinDeltas(log: readonly LogEntry[]): readonly LogEntry[] {
  return log.reduce<LogEntry[]>((joined, entry) => {
    const last = joined.at(-1);
    const event = last && mergeDeltaEvents(last.event, entry.event);
    return event === undefined ? [...joined, entry] : [...joined.slice(0, -1), { event }];
  }, []);
}

/** What a reader of the whole log gets: the run's output without void parts, and its end. */
export function summarizeLog(log: readonly LogEntry[]): unknown {
  const voids = log.flatMap(({ event }) => (event.type === 'node-restarted' ? [event] : []));
  const collector = new DeltaCollector(true);
  log.forEach(({ event }, number) => {
    if (event.type !== 'delta') return;
    if (voids.some(({ node, from, to }) => node === event.node && from <= number && number <= to)) return;
    collector.add(event.delta);
  });
  const { content, reasoning, refusal, toolCalls, annotations, images, audio } = collector;
  const last = log.at(-1);
  if (last === undefined) throw new Error('The log is empty');
  // A process that continues a run does not know the usage of its earlier steps.
  const { seq: _seq, isUsageIncomplete: _incomplete, ...end } = last.event as RunFinished | RunFailed;
  return {
    content,
    reasoning,
    refusal,
    // Ids that the run itself gives are random.
    toolCalls: toolCalls.map(({ id = '', ...call }) => ({ ...call, id: /^call_[0-9a-f]{24}$/.test(id) ? 'any' : id })),
    annotations,
    images,
    audio,
    end,
  };
}
