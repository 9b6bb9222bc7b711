import { describe, expect, it } from '@jest/globals';
import fc from 'fast-check';
import { workflows } from '../../../test/support/random-workflows.js';
import { assertWellFormed } from '../../../test/support/well-formed.js';
import { drawWorkflow } from './drawing.js';
import { makeGraphJson } from './graph-json.js';
import { drawMermaid } from './mermaid.js';
import { layOut } from './svg-layout.js';
import { drawSvg } from './svg.js';

describe('the graph of any workflow', () => {
  it('has a drawing that reaches every step from the request, with arrows only between existing nodes', () => {
    fc.assert(
      fc.property(workflows, ({ workflow }) => {
        const { nodes, groups, edges } = drawWorkflow(workflow);
        const ids = nodes.map(({ id }) => id);
        expect(new Set([...ids, ...groups.map(({ id }) => id)]).size).toBe(ids.length + groups.length);
        const reached = new Set(['n0']);
        // Each round reaches at least one more node, or none.
        for (const _ of ids) for (const { from, to } of edges) if (reached.has(from)) reached.add(to);
        expect([...reached].sort()).toEqual([...ids].sort());
        for (const { from } of edges) expect(ids).toContain(from);
        expect(nodes.filter(({ kind }) => kind === 'request' || kind === 'result')).toHaveLength(2);
      }),
    );
  });

  it('becomes JSON whose keys name steps', () => {
    fc.assert(
      fc.property(workflows, ({ workflow }) => {
        const graph = makeGraphJson(workflow);
        expect(JSON.parse(JSON.stringify(graph))).toEqual(graph);
        for (const { nodes, connections, branches, start, result } of [graph, ...graph.workflows]) {
          const keys = new Set(nodes.map(({ key }) => key));
          const named = [...start, ...connections.flatMap(({ from, to }) => [from, to])];
          for (const key of [...named, ...branches.flatMap(({ route, steps }) => [route, ...steps]), result]) {
            expect(keys).toContain(key);
          }
        }
      }),
    );
  });

  it('becomes Mermaid with only known kinds of lines and balanced subgraphs', () => {
    const text = String.raw`"[^"\[\]{}|<>;#&\x60\\\n]*(?:(?:#\d+;|<br/>)[^"\[\]{}|<>;#&\x60\\\n]*)*"`;
    const line = new RegExp(
      [
        String.raw`^flowchart TD$`,
        String.raw`^  accTitle: Workflow [\w./:-]+$`,
        String.raw`^ +n\d+(?:\(\[${text}\]\)|\[${text}\]|\(${text}\)|\[\[${text}\]\]|\{${text}\}|\(\(${text}\)\))$`,
        String.raw`^ +subgraph g\d+\[${text}\]$`,
        String.raw`^ +end$`,
        String.raw`^  n\d+ -->(?:\|${text}\|)? n\d+$`,
        String.raw`^  classDef (?:visible|silent) [\w:#,. -]+$`,
        String.raw`^  class [ng]\d+(?:,[ng]\d+)* (?:visible|silent)$`,
      ].join('|'),
    );
    fc.assert(
      fc.property(workflows, ({ workflow }) => {
        let open = 0;
        for (const each of drawMermaid(workflow).trimEnd().split('\n')) {
          expect(each).toMatch(line);
          if (each.trimStart().startsWith('subgraph ')) open++;
          if (each.trim() === 'end') open--;
          expect(open).toBeGreaterThanOrEqual(0);
        }
        expect(open).toBe(0);
      }),
    );
  });

  it('becomes a well-formed SVG without scripts or URLs, in which everything has a place', async () => {
    await fc.assert(
      fc.asyncProperty(workflows, async ({ workflow }) => {
        const svg = await drawSvg(workflow);
        assertWellFormed(svg);
        expect(svg).not.toMatch(/NaN|undefined|Infinity|<script|<foreignObject|href=|url\(|@import/);
        const { nodes, groups, width, height } = await layOut(drawWorkflow(workflow));
        for (const part of [...nodes, ...groups]) {
          expect(part.x - part.width / 2).toBeGreaterThanOrEqual(-0.01);
          expect(part.x + part.width / 2).toBeLessThanOrEqual(width + 0.01);
          expect(part.y + part.height / 2).toBeLessThanOrEqual(height + 0.01);
        }
      }),
      { numRuns: 12 },
    );
  }, 60_000);
});
