import 'reflect-metadata';
import { Cancellation, SystemClock } from '../../dist/kernel/index.js';
import { Gate } from '../../dist/streaming/index.js';
import { RunLogger } from '../../dist/workflow/index.js';
import { compileWorkflow } from '../../dist/workflow/compile/compile-workflow.js';
import { wireWorkflow } from '../../dist/workflow/compile/wire-workflow.js';
import { DefinitionFaults } from '../../dist/workflow/compile/definition-faults.js';
import { Run } from '../../dist/engine/run.js';
import { measureTime } from './timing.mjs';

const NODES = 200;
const BATCHES = 2_000;
const DELTAS_PER_BATCH = 10;
/** Runs, or compilations, in one round: a single one is too short to be measured. */
const REPEATS = 20;
const ROUNDS = 15;
const WARM_UP = 5;

class IdleNode {
  process({ n }) {
    return n + 1;
  }
}
class SpeakingNode {
  async *process() {
    for (let i = 0; i < BATCHES; i++) yield Array(DELTAS_PER_BATCH).fill({ type: 'content', text: 'word ' });
    return 'done';
  }
}

class Chain {
  define(flow) {
    let n = 0;
    for (let i = 0; i < NODES; i++) n = flow.node(IdleNode, { n }, { key: `n${i}` });
    return n;
  }
}
class Fan {
  define(flow) {
    const all = Array.from({ length: NODES - 1 }, (_, i) =>
      flow.node(IdleNode, { n: i }, { key: `n${i}`, effect: true }),
    );
    return flow.node(IdleNode, { n: 0 }, { key: 'last', after: all });
  }
}
class Talk {
  define(flow) {
    return flow.node(SpeakingNode, undefined);
  }
}

const instances = new Map([
  [IdleNode, new IdleNode()],
  [SpeakingNode, new SpeakingNode()],
]);
const resolver = { findNode: (type) => instances.get(type), findWorkflow: () => undefined };

function compile(Definition) {
  const faults = new DefinitionFaults('bench');
  const options = { id: 'bench', description: '', concurrency: 64 };
  const workflow = compileWorkflow(options, wireWorkflow(new Definition(), faults), resolver, faults);
  if (workflow === undefined) throw new Error(JSON.stringify(faults.all));
  return workflow;
}

async function run(workflow) {
  let deltas = 0;
  let last;
  await new Run({
    workflow,
    request: { model: 'bench', messages: [], parameters: {} },
    cancellation: new Cancellation(),
    gate: new Gate(),
    clock: new SystemClock(),
    log: new RunLogger(),
    observersWantContent: false,
    observe: () => undefined,
    maxOutputLength: Infinity,
    readersWantContent: () => false,
    emit: (event) => {
      if (event.type === 'delta') deltas++;
      last = event;
    },
    onCleanupError: () => undefined,
  }).execute();
  if (last.type !== 'run-finished') throw last.error;
  return deltas;
}

/**
 * What the engine costs beside the work of the nodes: compiling a graph of 200 nodes, a node that does nothing, and a
 * delta on its way from a node to the reader of the run. No network, no model.
 */
export async function measureEngine({ rounds = ROUNDS } = {}) {
  const [chain, fan, talk] = [Chain, Fan, Talk].map(compile);
  const common = { part: 'engine', rounds, warmUp: WARM_UP };
  const repeat = (call) => async () => {
    for (let i = 0; i < REPEATS; i++) await call();
  };
  const perNode = (name, call) => measureTime({ ...common, name, items: NODES * REPEATS, call: repeat(call) });
  return [
    await perNode(`compile a chain, per node of ${NODES}`, () => compile(Chain)),
    await perNode('node in a chain', () => run(chain)),
    await perNode('node of a fan', () => run(fan)),
    await measureTime({ ...common, name: 'delta', items: BATCHES * DELTAS_PER_BATCH, call: () => run(talk) }),
  ];
}
