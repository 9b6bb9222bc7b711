import { describe, expect, it } from '@jest/globals';
import {
  CodeNode,
  type Compiled,
  compileTestWorkflow,
  SilentNode,
  SpeakingNode,
} from '../../../test/support/compiled-workflow.js';
import type { CompiledWorkflow } from '../workflow-schema.js';
import { type Drawing, drawWorkflow } from './drawing.js';

/** Arrows by the labels of their ends, with the label of the branch between them. */
function arrows({ nodes, edges }: Drawing): string[] {
  const name = (id: string): string => {
    const node = nodes.find((candidate) => candidate.id === id);
    return node?.kind === 'merge' ? '*' : (node?.label ?? id);
  };
  return edges.map(({ from, to, label }) => `${name(from)} -${label ?? ''}> ${name(to)}`).sort();
}

const visibilities = (workflow: CompiledWorkflow): string[] =>
  drawWorkflow(workflow).nodes.map(({ label, visibility, note }) => `${label} ${visibility}: ${note}`);

describe('a drawing', () => {
  it('leads from the request to the result, and shows what is visible', () => {
    const { workflow } = compileTestWorkflow({
      define: (flow) => {
        const draft = flow.node(SpeakingNode, undefined, { key: 'draft', silent: true });
        const log = flow.node(CodeNode, undefined, { effect: true });
        return flow.node(SpeakingNode, undefined, { after: [draft, log] });
      },
    });
    expect(arrows(drawWorkflow(workflow))).toEqual([
      'CodeNode -> SpeakingNode',
      'Request -> CodeNode',
      'Request -> draft',
      'SpeakingNode -> Result',
      'draft -> SpeakingNode',
    ]);
    expect(visibilities(workflow)).toEqual([
      'Request inner: ',
      'draft silent: SpeakingNode, agent, silent',
      'CodeNode inner: code',
      'SpeakingNode visible: agent, visible',
      'Result inner: ',
    ]);
  });

  it('distinguishes code that streams from an agent', () => {
    class TickerNode extends CodeNode {
      override readonly streams = true;
    }
    const { workflow } = compileTestWorkflow({ define: (flow) => flow.node(TickerNode) });
    expect(visibilities(workflow)).toContain('TickerNode visible: code, visible');
  });

  it('marks the result as visible if no step is', () => {
    const { workflow } = compileTestWorkflow({ define: (flow) => flow.node(SilentNode) });
    expect(visibilities(workflow)).toEqual(['Request inner: ', 'SilentNode inner: agent', 'Result visible: ']);
  });

  it('leads from the request to the result if the workflow returns a part of the request', () => {
    const { workflow } = compileTestWorkflow({
      define: (flow, { messages }) => {
        flow.node(SpeakingNode);
        return messages;
      },
    });
    expect(arrows(drawWorkflow(workflow))).toEqual(['Request -> Result', 'Request -> SpeakingNode']);
  });

  const compileRoute = (followers: number): Compiled =>
    compileTestWorkflow({
      define: (flow) => {
        const yes = flow.node(CodeNode).map((text) => text !== '');
        const route = flow.route(yes, {
          true: (branch) => branch.node(SpeakingNode),
          false: () => yes,
        });
        for (let i = 0; i < followers; i++)
          flow.node(CodeNode, undefined, { key: `${i}`, after: [route], effect: true });
        return route;
      },
    });

  it('continues from the ends of branches, through one point if it leads to several steps', () => {
    expect(arrows(drawWorkflow(compileRoute(0).workflow))).toEqual([
      'CodeNode -> route',
      'Request -> CodeNode',
      'SpeakingNode -> Result',
      'route -false> Result',
      'route -true> SpeakingNode',
    ]);
    expect(arrows(drawWorkflow(compileRoute(2).workflow))).toEqual([
      '* -> 0',
      '* -> 1',
      '* -> Result',
      'CodeNode -> route',
      'Request -> CodeNode',
      'SpeakingNode -> *',
      'route -false> *',
      'route -true> SpeakingNode',
    ]);
  });

  const around = (inner: Compiled, id: string, silent = false): Compiled =>
    compileTestWorkflow(
      {
        id,
        define: (flow, request) => flow.workflow(inner.type, request, { key: `run ${inner.workflow.id}`, silent }),
      },
      [inner],
    );

  it('draws nested workflows from the inside, three levels deep, and shows which are silent', () => {
    const inner = compileTestWorkflow({ id: 'a', define: (flow) => flow.node(SpeakingNode) });
    const shown = drawWorkflow(around(inner, 'b').workflow);
    expect(shown.groups).toMatchObject([{ label: 'run a', note: 'workflow a', visibility: 'visible' }]);
    expect(shown.nodes[1]).toMatchObject({ label: 'SpeakingNode', path: 'run a/SpeakingNode', group: 'g0' });

    const silent = drawWorkflow(around(around(inner, 'b'), 'c', true).workflow);
    expect(silent.groups.map(({ note, visibility, group }) => [note, visibility, group])).toEqual([
      ['workflow b, silent', 'silent', undefined],
      ['workflow a, silent', 'silent', 'g0'],
    ]);
    expect(silent.nodes[1]?.visibility).toBe('silent');

    const deep = drawWorkflow(['b', 'c', 'd', 'e'].reduce((last, id) => around(last, id), inner).workflow);
    expect(deep.groups.map(({ label }) => label)).toEqual(['run d', 'run c', 'run b']);
    expect(deep.nodes[1]).toMatchObject({ kind: 'workflow', label: 'run a', group: 'g2' });
  });
});
