import type { CompiledWorkflow } from '../workflow-schema.js';
import { type Drawing, drawWorkflow, type DrawnGroup, type DrawnNode, type Visibility } from './drawing.js';
import { FONT, layOut, type Placed, type Point, type Route, cutToFit } from './svg-layout.js';
import { STYLE } from './svg-style.js';
import { shortenToWidth, measureWidth, escapeXml } from './svg-text.js';

/** Margins, heights of the title and the legend, and least width, in pixels. */
const MARGIN = 24;
const HEAD = 52;
const FOOT = 40;
const NARROWEST = 320;

const MEANINGS: readonly (readonly [Visibility, string])[] = [
  ['visible', 'visible to the client'],
  ['inner', 'does not stream'],
  ['silent', 'silent: not sent to the client'],
];

/**
 * Draws the graph of a workflow as an SVG image: self-contained, without scripts, for light and dark pages.
 * @returns a whole document, which can also be embedded in an HTML page
 */
export async function drawSvg(workflow: CompiledWorkflow): Promise<string> {
  const drawing = drawWorkflow(workflow);
  const { nodes, groups, edges, ...size } = await layOut(drawing);
  const key = drawLegend(drawing);
  const width = Math.ceil(Math.max(size.width, key.width, NARROWEST) + 2 * MARGIN);
  const height = Math.ceil(size.height + HEAD + FOOT + 2 * MARGIN);
  const left = round((width - size.width) / 2);
  const right = width - 2 * MARGIN;
  return [
    `<svg xmlns="http://www.w3.org/2000/svg" role="img" width="${width}" height="${height}" viewBox="0 0 ${width} ${height}">`,
    `<title>${escapeXml(`Workflow ${workflow.id}`)}</title>`,
    `<desc>${escapeXml(describeDrawing(workflow, drawing))}</desc>`,
    `<style>${STYLE}</style>`,
    `<rect class="mr-page" width="${width}" height="${height}"/>`,
    drawText('mr-t', MARGIN, MARGIN + 12, shortenToWidth(workflow.id, FONT.label, right)),
    drawText('mr-m', MARGIN, MARGIN + 30, shortenToWidth(workflow.description, FONT.note, right)),
    `<g class="mr-drawing" transform="translate(${left} ${MARGIN + HEAD})" data-width="${Math.ceil(size.width)}" data-height="${Math.ceil(size.height)}">`,
    ...groups.map(drawGroup),
    ...edges.map((edge) => drawArrow(edge, nodes)),
    ...nodes.map(drawNode),
    // Drawn last, so that no line crosses the texts.
    ...groups.map(drawGroupTitle),
    ...edges.map(drawEdgeLabel),
    '</g>',
    `<g transform="translate(${MARGIN} ${height - MARGIN - 12})">${key.shapes}</g>`,
    '</svg>',
    '',
  ].join('\n');
}

/** Describes the image for people who cannot see it. */
function describeDrawing({ description, visible }: CompiledWorkflow, { nodes }: Drawing): string {
  const listPaths = (visibility: Visibility): string[] =>
    nodes.filter((node) => node.visibility === visibility).map(({ path }) => path);
  const shown = visible
    ? `Visible to the client: ${listPaths('visible').join(', ')}.`
    : 'Its result is sent to the client.';
  const steps = nodes.filter(isStep).map(({ path }) => path);
  return `${description} Steps: ${steps.join(', ')}. ${shown}`;
}

/**
 * Whether a node stands for a step. Steps and groups have their path in `data-node`, as in node events, so that a page can
 * highlight the steps of a run.
 */
function isStep({ kind }: DrawnNode): boolean {
  return !['request', 'result', 'merge'].includes(kind);
}

function drawGroup(group: Placed<DrawnGroup>): string {
  const { note, path, visibility } = group;
  return `<g class="mr-group mr-${visibility}" data-node="${escapeXml(path)}"><title>${escapeXml(`${path} (${note})`)}</title>${drawRectangle(group, 10)}</g>`;
}

function drawGroupTitle({ x, y, width, height, label, note }: Placed<DrawnGroup>): string {
  const room = width - 20;
  const title = cutToFit(shortenToWidth(label, FONT.label, room), 'label');
  const left = room - measureWidth(title, FONT.label) - 8;
  const beside = left > 40 ? ` <tspan class="mr-m">${escapeXml(shortenToWidth(note, FONT.note, left))}</tspan>` : '';
  const place = `x="${round(x - width / 2 + 10)}" y="${round(y - height / 2 + 18)}"`;
  return `<text class="mr-t mr-of-group" ${place}>${escapeXml(title)}${beside}</text>`;
}

function drawNode(node: Placed<DrawnNode>): string {
  const { kind, visibility, x, y, label, note, path } = node;
  if (kind === 'merge') return `<g class="mr-node mr-merge" data-id="${node.id}">${drawRectangle(node, 7)}</g>`;
  const hasNote = note !== '' && kind !== 'route';
  return [
    `<g class="mr-node mr-${kind} mr-${visibility}" data-id="${node.id}"${isStep(node) ? ` data-node="${escapeXml(path)}"` : ''}>`,
    `<title>${escapeXml(note === '' ? path : `${path} (${note})`)}</title>`,
    kind === 'route'
      ? drawDiamond(node)
      : drawRectangle(node, kind === 'code' ? 4 : kind === 'agent' ? 12 : node.height / 2),
    drawText('mr-t mr-mid', x, hasNote ? y - 3 : y + 4.5, cutToFit(label, 'label')),
    hasNote ? drawText('mr-m mr-mid', x, y + 13, cutToFit(note, 'note')) : '',
    '</g>',
  ].join('');
}

function drawArrow({ from, to, points }: Route, nodes: readonly Placed<DrawnNode>[]): string {
  const source = nodes.find(({ id }) => id === from);
  const target = nodes.find(({ id }) => id === to);
  const way = [...points];
  const [, second] = way;
  const beforeLast = way.at(-2);
  if (source !== undefined && second !== undefined) way[0] = findBorder(source, second);
  if (target !== undefined && beforeLast !== undefined) way[way.length - 1] = findBorder(target, beforeLast);
  const end = way.at(-1);
  if (end === undefined || beforeLast === undefined) return '';
  const angle = round((Math.atan2(end.y - beforeLast.y, end.x - beforeLast.x) * 180) / Math.PI);
  return (
    `<g class="mr-edge" data-from="${from}" data-to="${to}"><path class="mr-line" d="${drawCurve(way)}"/>` +
    `<path class="mr-head" d="M0 0L-8 -4L-8 4Z" transform="translate(${round(end.x)} ${round(end.y)}) rotate(${angle})"/></g>`
  );
}

function drawEdgeLabel({ label, x, y }: Route): string {
  if (label === undefined || x === undefined || y === undefined) return '';
  return drawText('mr-m mr-mid mr-when', x, y + 4, cutToFit(label, 'note'));
}

/**
 * Finds the point at which a line from the centre of a node to another point crosses its border. The layout library treats
 * every node as a rectangle.
 */
function findBorder({ kind, x, y, width, height }: Placed<DrawnNode>, towards: Point): Point {
  const dx = towards.x - x;
  const dy = towards.y - y;
  const [across, down] = [Math.abs(dx) / (width / 2), Math.abs(dy) / (height / 2)];
  const distance =
    kind === 'route' ? across + down : kind === 'merge' ? Math.hypot(across, down) : Math.max(across, down);
  return distance === 0 ? { x, y } : { x: x + dx / distance, y: y + dy / distance };
}

/** Draws a line through the midpoints between bends, rounded at the bends. */
function drawCurve(points: readonly Point[]): string {
  const formatPoint = ({ x, y }: Point): string => `${round(x)} ${round(y)}`;
  const [first, ...rest] = points;
  if (first === undefined) return '';
  const pieces = [`M${formatPoint(first)}`];
  rest.forEach((point, index) => {
    const next = rest[index + 1];
    if (next === undefined) pieces.push(`L${formatPoint(point)}`);
    else pieces.push(`Q${formatPoint(point)} ${formatPoint({ x: (point.x + next.x) / 2, y: (point.y + next.y) / 2 })}`);
  });
  return pieces.join('');
}

function drawRectangle({ x, y, width, height }: Placed<object>, radius: number): string {
  const [left, top] = [round(x - width / 2), round(y - height / 2)];
  return `<rect class="mr-box" x="${left}" y="${top}" width="${round(width)}" height="${round(height)}" rx="${radius}"/>`;
}

function drawDiamond({ x, y, width, height }: Placed<object>): string {
  const [top, right, bottom, left] = [y - height / 2, x + width / 2, y + height / 2, x - width / 2].map(round);
  return `<path class="mr-box" d="M${round(x)} ${top}L${right} ${round(y)}L${round(x)} ${bottom}L${left} ${round(y)}Z"/>`;
}

function drawText(classes: string, x: number, y: number, content: string): string {
  return `<text class="${classes}" x="${round(x)}" y="${round(y)}">${escapeXml(content)}</text>`;
}

/** Draws a legend for the kinds of visibility that occur. */
function drawLegend({ nodes }: Drawing): { readonly shapes: string; readonly width: number } {
  const steps = nodes.filter(({ kind }) => kind === 'code' || kind === 'agent' || kind === 'workflow');
  let x = 0;
  const shapes = MEANINGS.filter(([visibility]) => steps.some((step) => step.visibility === visibility)).map(
    ([visibility, meaning]) => {
      const box = drawRectangle({ x: x + 9, y: 6, width: 18, height: 12 }, 3);
      const shape = `<g class="mr-node mr-${visibility}">${box}${drawText('mr-m', x + 26, 10, meaning)}</g>`;
      x += 26 + measureWidth(meaning, FONT.note) + 20;
      return shape;
    },
  );
  return { shapes: shapes.join(''), width: x };
}

function round(value: number): number {
  return Math.round(value * 10) / 10;
}
