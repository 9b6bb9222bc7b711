/**
 * What the engine costs beside the work of the nodes: compiling a graph of 200 nodes, a node that does nothing, and a delta
 * on its way from a node to the reader of the run. Run `npm run bench:engine`; no network, no model.
 */
import 'reflect-metadata';
import { SystemClock } from '../dist/kernel/index.js';
import { Metrics } from '../dist/metrics/index.js';
import { Gate } from '../dist/streaming/index.js';
import { NoopTracer } from '../dist/tracing/index.js';
import { WorkflowDefinition } from '../dist/workflow/index.js';
import { compileWorkflow } from '../dist/workflow/compile/compile-workflow.js';
import { DefinitionFaults } from '../dist/workflow/compile/definition-faults.js';
import { Run } from '../dist/workflow/run/run.js';

const NODES = 200;
const BATCHES = 2_000;
const DELTAS_PER_BATCH = 10;
const ROUNDS = 15;

class IdleNode {
  speaks = false;
  process({ n }) {
    return n + 1;
  }
}
class SpeakingNode {
  speaks = true;
  async *process() {
    for (let i = 0; i < BATCHES; i++) yield Array(DELTAS_PER_BATCH).fill({ type: 'content', text: 'word ' });
    return 'done';
  }
}

class Chain extends WorkflowDefinition {
  define(flow) {
    let n = 0;
    for (let i = 0; i < NODES; i++) n = flow.node(IdleNode, { n }, { key: `n${i}` });
    return n;
  }
}
class Fan extends WorkflowDefinition {
  define(flow) {
    const all = Array.from({ length: NODES - 1 }, (_, i) =>
      flow.node(IdleNode, { n: i }, { key: `n${i}`, effect: true }),
    );
    return flow.node(IdleNode, { n: 0 }, { key: 'last', after: all });
  }
}
class Talk extends WorkflowDefinition {
  define(flow) {
    return flow.node(SpeakingNode, undefined);
  }
}

const instances = new Map([
  [IdleNode, new IdleNode()],
  [SpeakingNode, new SpeakingNode()],
]);
const resolver = { node: (type) => instances.get(type), workflow: () => undefined };

function compile(Definition) {
  const faults = new DefinitionFaults('bench');
  const options = { id: 'bench', description: '', concurrency: 64 };
  const workflow = compileWorkflow(options, new Definition(), resolver, faults);
  if (workflow === undefined) throw new Error(JSON.stringify(faults.all));
  return workflow;
}

const metrics = new Metrics(new SystemClock(), new NoopTracer());

async function run(workflow) {
  let deltas = 0;
  let last;
  await new Run({
    workflow,
    event: { model: 'bench', messages: [], parameters: {} },
    controller: new AbortController(),
    gate: new Gate(),
    clock: new SystemClock(),
    meter: metrics.run('bench'),
    trace: new NoopTracer().startTrace(),
    keepAnswer: false,
    emit: (event) => {
      if (event.type === 'delta') deltas++;
      last = event;
    },
    onCleanupError: () => undefined,
  }).execute();
  if (last.type !== 'run-finished') throw last.error;
  return deltas;
}

/** CPU of one call in microseconds: median of the rounds, after a warm-up. */
async function measure(call) {
  const samples = [];
  for (let round = 0; round < ROUNDS + 5; round++) {
    const before = process.cpuUsage();
    await call();
    const { user, system } = process.cpuUsage(before);
    if (round >= 5) samples.push(user + system);
  }
  return samples.sort((a, b) => a - b)[Math.floor(samples.length / 2)];
}

const chain = compile(Chain);
const fan = compile(Fan);
const talk = compile(Talk);
const rows = {
  [`compile a chain of ${NODES} nodes, us`]: await measure(() => compile(Chain)),
  'node in a chain, us of CPU': (await measure(() => run(chain))) / NODES,
  'node of a fan, us of CPU': (await measure(() => run(fan))) / NODES,
  'delta, us of CPU': (await measure(() => run(talk))) / (BATCHES * DELTAS_PER_BATCH),
};
for (const [what, value] of Object.entries(rows)) console.log(`${what.padEnd(36)} ${value.toFixed(2)}`);
