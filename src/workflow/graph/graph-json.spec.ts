import { expect, it } from '@jest/globals';
import { CodeNode, compileTestWorkflow, SpeakingNode } from '../../../test/support/compiled-workflow.js';
import { makeGraphJson } from './graph-json.js';

it('the graph as JSON has every nested workflow once', () => {
  const inner = compileTestWorkflow({
    id: 'inner',
    description: 'Looks things up',
    define: (flow) => flow.node(CodeNode),
  });
  const { workflow } = compileTestWorkflow(
    {
      id: 'outer',
      define: (flow, request) => {
        const first = flow.workflow(inner.type, request, { key: 'first' });
        const yes = flow.node(CodeNode, undefined, { after: [first] }).map((text) => text !== '');
        return flow.route(yes, {
          true: (branch) => branch.workflow(inner.type, request, { key: 'again' }),
          false: (branch) => branch.node(SpeakingNode),
        });
      },
    },
    [inner],
  );
  expect(makeGraphJson(workflow)).toMatchObject({
    workflow: 'outer',
    start: ['first'],
    result: 'route',
    visible: true,
    connections: [
      { from: 'first', to: 'CodeNode' },
      { from: 'CodeNode', to: 'route' },
    ],
    branches: [
      { route: 'route', when: 'true', steps: ['route.true.again'] },
      { route: 'route', when: 'false', steps: ['route.false.SpeakingNode'] },
    ],
    workflows: [
      {
        workflow: 'inner',
        description: 'Looks things up',
        start: ['CodeNode'],
        nodes: [{ key: 'CodeNode', kind: 'node', visible: false }],
        result: 'CodeNode',
        visible: false,
      },
    ],
  });
});
