import { describe, expect, it } from '@jest/globals';
import { CodeNode, compileTestWorkflow, SpeakingNode } from '../../../test/support/compiled-workflow.js';
import { assertWellFormed } from '../../../test/support/well-formed.js';
import { drawSvg } from './svg.js';

describe('an SVG', () => {
  const drawSupport = (): Promise<string> =>
    drawSvg(
      compileTestWorkflow({
        id: 'support',
        description: 'Answers <anything> & "more".',
        define: (flow) => {
          const draft = flow.node(SpeakingNode, undefined, { key: 'Draft', silent: true });
          return flow.node(SpeakingNode, undefined, { key: 'Answer', after: [draft] });
        },
      }).workflow,
    );

  it('says what it shows, for those who cannot see it', async () => {
    const svg = await drawSupport();
    assertWellFormed(svg);
    for (const text of [
      '<title>Workflow support</title>',
      '<desc>Answers &#60;anything&#62; &#38; &#34;more&#34;. Steps: Draft, Answer. Visible to the client: Answer.</desc>',
      '<title>Answer (SpeakingNode, agent, visible)</title>',
      '>silent: not sent to the client</text>',
    ])
      expect(svg).toContain(text);
    expect(svg).not.toContain('>does not stream</text>');
  });

  it('is an image with a size, for light pages and dark ones', async () => {
    const svg = await drawSupport();
    expect(svg).toMatch(/^<svg xmlns="http:\/\/www\.w3\.org\/2000\/svg" role="img" width="\d+" height="\d+" viewBox=/);
    expect(svg).toContain('@media (prefers-color-scheme:dark)');
  });

  it('puts later steps further down, parallel ones side by side, and nothing on anything else', async () => {
    const { workflow } = compileTestWorkflow({
      define: (flow) => {
        const parallel = Array.from({ length: 20 }, (_, i) =>
          flow.node(CodeNode, undefined, { key: `step ${i}`, effect: true }),
        );
        return flow.node(SpeakingNode, undefined, { after: parallel });
      },
    });
    const svg = await drawSvg(workflow);
    const boxes = [
      ...svg.matchAll(
        /<g class="mr-node mr-(\w+) [^>]*><title>[^<]*<\/title><rect class="mr-box" x="([\d.]+)" y="([\d.]+)" width="([\d.]+)" height="([\d.]+)"/g,
      ),
    ].map(([, kind = '', ...numbers]) => {
      const [x = 0, y = 0, width = 0, height = 0] = numbers.map(Number);
      return { kind, x, y, right: x + width, bottom: y + height };
    });
    expect(boxes).toHaveLength(23);
    const places = boxes.filter(({ kind }) => kind === 'code').map(({ x }) => x);
    const inOrder = places.filter((x, index) => places.slice(index + 1).every((later) => later > x));
    expect(inOrder.length).toBeGreaterThan(places.length / 2);
    const [request, ...rest] = boxes;
    expect(rest.every(({ y }) => y > (request?.bottom ?? Infinity))).toBe(true);
    expect(new Set(rest.filter(({ kind }) => kind === 'code').map(({ y }) => y)).size).toBe(1);
    for (const [index, a] of boxes.entries()) {
      for (const b of boxes.slice(index + 1)) {
        expect(a.right <= b.x || b.right <= a.x || a.bottom <= b.y || b.bottom <= a.y).toBe(true);
      }
    }
  });
});
