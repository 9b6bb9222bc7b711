import { describe, expect, it } from '@jest/globals';
import { CodeNode, compileTestWorkflow, type Definition } from '../../../test/support/compiled-workflow.js';
import { DefinitionError } from '../../errors/index.js';
import { type ChatRefs, type Flow, Ref } from '../index.js';

class TextNode extends CodeNode {
  override process(_input?: unknown): string {
    return '';
  }
}

function findFaults(define: Definition['define']): readonly string[] {
  try {
    compileTestWorkflow({ define });
  } catch (error) {
    if (!(error instanceof DefinitionError)) throw error;
    return error.faults.map(({ code, node, message, fix }) => `${code} ${node ?? ''}: ${message} ${fix}`);
  }
  return [];
}

/** A flow as callers without types see it. */
const untype = (flow: Flow): Untyped => flow as unknown as Untyped;

type Untyped = Readonly<
  Record<'ask' | 'interrupt' | 'node' | 'route' | 'run' | 'workflow', (...parameters: unknown[]) => Ref<string>>
>;

describe('a step that is added where it does not belong is a fault', () => {
  const makeRoute =
    (wire: (outer: Flow, branch: Flow, refs: ChatRefs) => unknown): Definition['define'] =>
    (flow, refs) => {
      const key = flow.run('key', {}, () => true);
      return flow.route(key, {
        true: (branch) => wire(flow, branch, refs) as Ref<string>,
        false: (branch) => branch.run('no', {}, () => ''),
      });
    };

  it.each<[string, Parameters<typeof makeRoute>[0]]>([
    ['code', (outer) => outer.run('yes', {}, () => '')],
    ['a node', (outer) => outer.node(CodeNode, undefined, { key: 'yes' })],
    ['a workflow', (outer) => untype(outer).workflow(CodeNode, { messages: '' }, { key: 'yes' })],
    ['an agent', (outer, _branch, { messages }) => untype(outer).ask({}, { messages }, { key: 'yes' })],
    [
      'a route',
      (outer, branch) =>
        outer.route(
          branch.run('b', {}, () => true),
          {} as never,
          { key: 'yes' },
        ),
    ],
  ])('to the flow around its branch: %s', (_, wire) => {
    expect(findFaults(makeRoute(wire))).toEqual([
      'outer_flow yes: it is added to the flow around the branch "route.true" while that branch is wired, so it would run ' +
        'whichever branch is taken. Use the flow that the branch is given, (branch) => branch.stream(…), or add it before the route.',
    ]);
  });

  it('two flows further out', () => {
    const define = makeRoute((outer, branch) =>
      branch.route(
        branch.run('b', {}, () => true),
        {
          true: () => outer.run('yes', {}, () => ''),
          false: (inner) => inner.run('no', {}, () => ''),
        },
      ),
    );
    expect(findFaults(define)).toEqual([expect.stringMatching(/^outer_flow yes: .*branch "route.true"/)]);
  });

  it('to the flow of another branch', () => {
    let left: Flow | undefined;
    const define: Definition['define'] = (flow) =>
      flow.route(
        flow.run('key', {}, () => true),
        {
          true: (branch) => (left = branch).run('yes', {}, () => ''),
          false: () => (left as Flow).run('no', {}, () => ''),
        },
      );
    expect(findFaults(define)).toEqual([
      'late_step route.true.no: it is added after the function of its branch has returned, so it would never run. Add all ' +
        'steps while that runs: code of a step cannot add any, and a flow is of no use outside.',
    ]);
  });

  it('after define() has returned', async () => {
    let flow: Flow | undefined;
    compileTestWorkflow({ define: (given) => (flow = given).run('a', {}, () => '') });
    expect(() => flow?.run('b', {}, () => '')).toThrow(/^The step "b": it is added after define\(\) has returned/);

    const wire = async (outer: Flow): Promise<Ref<string>> => {
      await Promise.resolve();
      return outer.run('b', {}, () => '');
    };
    expect(findFaults((given) => wire(given) as never)).toEqual([expect.stringMatching(/^no_nodes/)]);
    expect(findFaults(makeRoute((_, branch) => wire(branch)))).toEqual([
      expect.stringMatching(/^no_result route.true/),
    ]);
    await new Promise(setImmediate);
  });
});

describe('a ref that is used as a value is a fault', () => {
  it.each<[string, (ref: Ref<string>) => unknown]>([
    ['a template', (ref) => `About ${ref as unknown as string}`],
    ['a sum', (ref) => 'About ' + (ref as unknown as string)],
    ['a joined list', (ref) => [ref].join()],
    ['toString()', (ref) => ref.toString()],
    ['JSON', (ref) => JSON.stringify({ ref })],
    ['a comparison', (ref) => (ref as unknown as number) > 2],
  ])('in %s', (_, use) => {
    const expected = [
      'ref_as_value : a ref is used as if it were its value, in a text, as a number or as JSON; the value exists only in a run. ' +
        'Make the text of it with ref.map((value) => …), or wire the ref to flow.run(key, { … }, (values) => …).',
    ];
    const ofStep: Definition['define'] = (flow) => {
      const ref = flow.run('a', {}, () => '');
      use(ref);
      return ref;
    };
    const ofRequest: Definition['define'] = (flow, { model }) => {
      use(model.map((name) => name));
      return flow.run('a', {}, () => '');
    };
    expect([findFaults(ofStep), findFaults(ofRequest)]).toEqual([expected, expected]);
  });
});

describe('a step that is made of nothing usable is a fault', () => {
  class Empty {
    readonly value = 1;
  }
  const circle = ' It is undefined where two files import each other: let one of them do without.';
  it.each<[string, (flow: Untyped, ref: Ref<string>) => Ref<unknown>, string]>([
    [
      'a node of a class that is not there yet',
      (flow) => flow.node(undefined, {}),
      `not_a_node : what flow.node is given is undefined, not a class. Give it the class of the node.${circle}`,
    ],
    [
      'a node of an instance',
      (flow) => flow.node(new Empty(), {}, { key: 'step' }),
      'not_a_node step: what flow.node is given is an object, not a class. Give it the class of the node.',
    ],
    [
      'a node of a class without process',
      (flow) => flow.node(Empty, {}),
      'not_a_node Empty: the class Empty has no process(). Give it process(input, context).',
    ],
    [
      'a workflow that is not there yet',
      (flow) => flow.workflow(undefined, { messages: 'x' }),
      `not_a_workflow : what flow.workflow is given is undefined, not a class. Give it the class of the workflow.${circle}`,
    ],
    [
      'code that is none',
      (flow) => flow.run('step', {}, undefined),
      'no_code step: its code is undefined, not a function. Give it a function as third: flow.run(key, { … }, (values) => …).',
    ],
    [
      'code without a name',
      (flow) => flow.run({}, () => ''),
      "invalid_key : the name of a step of flow.run is an object, not a text. Give it a name first: flow.run('name', { … }, …).",
    ],
    [
      'a wait without a name',
      (flow) => flow.interrupt(undefined, {}, Empty),
      "invalid_key : the name of a step of flow.interrupt is undefined, not a text. Give it a name first: flow.interrupt('name', { … }, …).",
    ],
    [
      'a route that a constant decides',
      (flow) => flow.route('a', { a: (branch: Flow) => branch.run('x', {}, () => '') }),
      'invalid_route route: what decides it is "a", not a ref. Write flow.route(ref, { value: (branch) => branch.stream(…) }).',
    ],
    [
      'a route without branches',
      (flow, ref) => flow.route(ref, undefined),
      'invalid_route route: its branches are undefined. Write flow.route(ref, { value: (branch) => branch.stream(…) }).',
    ],
    [
      'a branch that is not a function',
      (flow, ref) => flow.route(ref, { a: ref }),
      'invalid_route route: its branch "a" is a ref, not a function. Write flow.route(ref, { value: (branch) => branch.stream(…) }).',
    ],
    [
      'a value that is made by nothing',
      (_, ref) => ref.map(undefined as never),
      'define_failed : define() threw "ref.map takes a function that is given the value.". Correct define(); it must only wire steps.',
    ],
  ])('%s', (_, wire, fault) => {
    const define: Definition['define'] = (flow) =>
      wire(
        untype(flow),
        flow.run('first', {}, () => '', { effect: true }),
      );
    expect(findFaults(define)).toEqual([fault]);
  });
});

describe('what a step is given', () => {
  it.each<[string, string, (ref: Ref<string>) => unknown]>([
    ['list.1', 'in a list', (ref) => ({ list: [1, ref] })],
    ['deep.x', 'in an object', (x) => ({ deep: { x } })],
    ['deep.a.b.c.d.e.0', 'deep inside', (ref) => ({ deep: { a: { b: { c: { d: { e: [ref] } } } } } })],
    ['map.x', 'in a map', (x) => ({ map: new Map([['x', x]]) })],
  ])('holds no ref at %s, %s', (place, _, makeInput) => {
    const problem = `"${place}" in its input is a ref, but refs stand only at the top of an input.`;
    const wirings: Definition['define'][] = [
      (flow, { model }) => untype(flow).run('step', makeInput(model), () => ''),
      (flow) => untype(flow).run('step', makeInput(flow.run('other', {}, () => '')), () => ''),
      (flow, { model }) => untype(flow).node(TextNode, makeInput(model), { key: 'step' }),
    ];
    for (const define of wirings) {
      const nested = findFaults(define).filter((fault) => fault.startsWith('nested_ref'));
      expect(nested).toEqual([expect.stringContaining(`nested_ref step: ${problem}`)]);
    }
  });

  it('is an object, no ref and no list', () => {
    const inputs: ((refs: ChatRefs) => unknown)[] = [({ model }) => model, ({ model }) => [model], () => 'x'];
    for (const makeInput of inputs) {
      expect(findFaults((flow, refs) => untype(flow).run('step', makeInput(refs), () => ''))).toEqual([
        'invalid_input step: its input is not an object with a ref or a constant in each property. Give it an object: { name: ref, … }.',
      ]);
    }
    const request = findFaults((flow, refs) => untype(flow).run('step', { refs }, () => ''));
    expect(request).toEqual([expect.stringContaining('nested_ref step: "refs" in its input is a ref')]);
  });

  it('may be the whole request, or a copy of it', () => {
    const inner = compileTestWorkflow({ id: 'inner', define: (flow) => flow.run('a', {}, () => '') });
    for (const copy of [(refs: ChatRefs) => refs, (refs: ChatRefs) => ({ ...refs })]) {
      const { workflow } = compileTestWorkflow(
        { define: (flow, refs) => flow.workflow(inner.type, copy(refs), { key: 'inner' }) },
        [inner],
      );
      const [step] = workflow.scope.steps;
      const request = { model: 'm', messages: [{ role: 'user' as const, content: 'x' }], parameters: { n: 1 } };
      expect(step?.kind === 'workflow' && step.request({ request, outputs: new Map() })).toEqual(request);
    }
  });

  it('may hold objects that hold themselves, and objects of classes', () => {
    const loop: { self?: unknown; service: TextNode } = { service: new TextNode() };
    loop.self = loop;
    expect(findFaults((flow) => untype(flow).run('step', { loop }, () => ''))).toEqual([]);
  });

  it.each([[undefined], [{}], [{ messages: undefined }], [{ messages: 3 }]])(
    'holds messages where a workflow is to answer: %j',
    (request) => {
      const inner = compileTestWorkflow({ id: 'inner', define: (flow) => flow.run('a', {}, () => '') });
      const compile = (): unknown =>
        compileTestWorkflow({ define: (flow) => untype(flow).workflow(inner.type, request, { key: 'inner' }) }, [
          inner,
        ]);
      expect(compile).toThrow(/no_messages.*step "inner": it is given no messages/);
    },
  );
});

describe('a generator that is not async is a fault', () => {
  it('in a node, and in code in place', () => {
    class SyncNode {
      *process(): Generator<unknown, string, void> {
        yield 1;
        return '';
      }
    }
    expect(findFaults((flow) => untype(flow).node(SyncNode))).toEqual([
      'sync_generator SyncNode: its process is a generator that is not async. Write `async *process`, so that what it yields can ' +
        'reach the client while it works.',
    ]);
    function* code(): Generator<number> {
      yield 1;
    }
    expect(findFaults((flow) => untype(flow).run('code', {}, code))).toEqual([
      expect.stringMatching(/^streaming_code code/),
    ]);
  });
});

describe('a workflow that reads more than a chat request', () => {
  const define = (flow: Flow, { tone }: ChatRefs<{ tone: string }>): Ref<string> =>
    flow.run('a', { tone }, (values) => values.tone);

  it('says whether it only runs as a step', () => {
    expect(findFaults(define as Definition['define'])).toEqual([
      'more_than_a_request : it reads "tone", which no request of a client has. Give it @Workflow({ onlyAsStep: true }), so that it ' +
        'only runs as a step, or onlyAsStep: false if it can do without.',
    ]);
    for (const onlyAsStep of [true, false]) {
      const { workflow } = compileTestWorkflow({ define: define as Definition['define'], onlyAsStep });
      expect(workflow.onlyAsStep).toBe(onlyAsStep);
    }
  });

  it('must be given it as a step', () => {
    const inner = compileTestWorkflow({ id: 'inner', define: define as Definition['define'], onlyAsStep: true });
    const compile = (request: object): unknown =>
      compileTestWorkflow({ define: (flow) => untype(flow).workflow(inner.type, request, { key: 'inner' }) }, [inner]);
    expect(() => compile({ messages: 'x' })).toThrow(
      /missing_input.*step "inner": it is not given "tone", which its workflow reads/,
    );
    expect(compile({ messages: 'x', tone: 'kind' })).toBeDefined();
  });
});
