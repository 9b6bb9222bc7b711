import { describe, expect, it } from '@jest/globals';
import { CodeNode, compileTestWorkflow, SpeakingNode } from '../../../test/support/compiled-workflow.js';
import { drawMermaid } from './mermaid.js';

describe('Mermaid', () => {
  it('has shapes, branches, subgraphs and styles', () => {
    const inner = compileTestWorkflow({ id: 'lookup', define: (flow) => flow.node(CodeNode) });
    const { workflow } = compileTestWorkflow(
      {
        id: 'support/desk',
        define: (flow, request) => {
          const urgent = flow.node(CodeNode).map((text) => text !== '');
          return flow.route(urgent, {
            true: (branch) => branch.node(SpeakingNode),
            false: (branch) => {
              const found = branch.workflow(inner.type, request, { key: 'look up' });
              return branch.node(SpeakingNode, undefined, { key: 'draft', after: [found], silent: true, effect: true });
            },
          });
        },
      },
      [inner],
    );
    expect(drawMermaid(workflow)).toBe(`flowchart TD
  accTitle: Workflow support/desk
  n0(["Request"])
  n1["CodeNode<br/>code"]
  n2{"route"}
  n3("SpeakingNode<br/>agent, visible")
  n5("draft<br/>SpeakingNode, agent, silent")
  n6(["Result"])
  subgraph g0["look up (workflow lookup)"]
    n4["CodeNode<br/>code"]
  end
  n2 -->|"true"| n3
  n4 --> n5
  n2 -->|"false"| n4
  n1 --> n2
  n0 --> n1
  n3 --> n6
  n5 --> n6
  classDef visible stroke:#2da44e,stroke-width:3px
  class n3 visible
  classDef silent stroke-dasharray:4 3,opacity:0.6
  class n5 silent
`);
  });

  it.each([
    ['end', 'end'],
    ['', '(empty)'],
    ['say "hi"', 'say #34;hi#34;'],
    ['<b>&amp;</b>', '#60;b#62;#38;amp#59;#60;/b#62;'],
    ['a|b[c]{d}', 'a#124;b#91;c#93;#123;d#125;'],
    ['`code` #35;', '#96;code#96; #35;35#59;'],
    ['- item', '#45; item'],
    ['12. item', '12#46; item'],
    ['two\r\nlines', 'two  lines'],
    ['Übermaß 日本語 route-2 v1.5', 'Übermaß 日本語 route-2 v1.5'],
  ])('escapes %j', (key, expected) => {
    const { workflow } = compileTestWorkflow({ define: (flow) => flow.node(SpeakingNode, undefined, { key }) });
    expect(drawMermaid(workflow)).toContain(`n1("${expected}<br/>SpeakingNode, agent, visible")`);
  });
});
