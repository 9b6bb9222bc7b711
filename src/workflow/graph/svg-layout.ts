import type { Drawing, DrawnEdge, DrawnGroup, DrawnNode } from './drawing.js';
import { shortenToWidth, measureWidth } from './svg-text.js';

/** A point, in pixels from the left and from the top. */
export interface Point {
  readonly x: number;
  readonly y: number;
}

/** A part of a drawing with its centre and its size in pixels. */
export type Placed<Part> = Part & Point & { readonly width: number; readonly height: number };

/** An arrow with its bends, from border to border, and the centre of its label. */
export type Route = DrawnEdge & Partial<Point> & { readonly points: readonly Point[] };

/** A drawing whose parts have their places. */
interface Layout {
  readonly nodes: readonly Placed<DrawnNode>[];
  /** Outer ones before inner ones. */
  readonly groups: readonly Placed<DrawnGroup>[];
  readonly edges: readonly Route[];
  readonly width: number;
  readonly height: number;
}

/** Font sizes, in pixels. */
export const FONT = { label: 13, note: 11 } as const;

/** Widest text of a label, in pixels; longer ones are cut. */
const LONGEST_LABEL = 230;

/** Room for the title of a group, in pixels. */
const TITLE_HEIGHT = 14;

/** The used part of the layout library, whose own types do not resolve under `nodenext`. */
interface Dagre {
  readonly Graph: new (options: { compound: boolean; multigraph: boolean }) => DagreGraph;
  readonly layout: (graph: DagreGraph) => void;
}
interface DagreGraph {
  setGraph(options: object): void;
  setNode(id: string, size: object): void;
  setParent(id: string, parent: string): void;
  node(id: string): Point & { readonly width: number; readonly height: number };
  setEdge(from: string, to: string, label: object, name: string): void;
  edge(from: string, to: string, name: string): { readonly points: readonly Point[] } & Partial<Point>;
}

/**
 * Gives the parts of a drawing their places, from top to bottom. The layout library is loaded for the first graph, so that it
 * does not delay the start of a server.
 */
export async function layOut({ nodes, groups, edges }: Drawing): Promise<Layout> {
  const { Graph, layout }: Dagre = await import('@dagrejs/dagre');
  const graph = new Graph({ compound: true, multigraph: true });
  graph.setGraph({ rankdir: 'TB', nodesep: 32, edgesep: 20, ranksep: 40 });
  for (const group of groups) graph.setNode(group.id, {});
  for (const node of nodes) graph.setNode(node.id, measureNode(node));
  for (const { id, group } of [...groups, ...nodes]) if (group !== undefined) graph.setParent(id, group);
  edges.forEach((edge, index) => graph.setEdge(edge.from, edge.to, measureEdgeLabel(edge), String(index)));
  layout(graph);
  const place = <Part extends { readonly id: string }>(part: Part): Placed<Part> => {
    const { x, y, width, height } = graph.node(part.id);
    return { ...part, x, y, width, height };
  };
  return fitLayout({
    nodes: nodes.map(place),
    groups: groups.map((group) => addTitleRoom(place(group))),
    edges: edges.map((edge, index) => {
      const { points, x, y } = graph.edge(edge.from, edge.to, String(index));
      return { ...edge, points, ...(edge.label !== undefined && x !== undefined && y !== undefined && { x, y }) };
    }),
  });
}

/** Adds room for the title of a group, because the library leaves none. */
function addTitleRoom(group: Placed<DrawnGroup>): Placed<DrawnGroup> {
  return { ...group, y: group.y - TITLE_HEIGHT / 2, height: group.height + TITLE_HEIGHT };
}

/**
 * Moves the drawing to the top left corner by what is visible, because the library's own size is sometimes larger. Mirrors
 * the drawing if that puts more of the parallel steps into declared order.
 */
function fitLayout({ nodes, groups, edges }: Pick<Layout, 'nodes' | 'groups' | 'edges'>): Layout {
  const parts: readonly Placed<object>[] = [
    ...nodes,
    ...groups,
    ...edges.flatMap(({ points }) => points.map((point) => ({ ...point, width: 0, height: 0 }))),
    ...edges.flatMap(({ x, y, label = '' }) =>
      x === undefined || y === undefined ? [] : [{ x, y, width: measureLabel(label), height: 0 }],
    ),
  ];
  const left = Math.min(...parts.map(({ x, width }) => x - width / 2));
  const top = Math.min(...parts.map(({ y, height }) => y - height / 2));
  const right = Math.max(...parts.map(({ x, width }) => x + width / 2));
  const isTurned = countDisorder(nodes, edges) > 0;
  const move = <Part extends Partial<Point>>(part: Part): Part =>
    part.x === undefined || part.y === undefined
      ? part
      : { ...part, x: isTurned ? right - part.x : part.x - left, y: part.y - top };
  return {
    nodes: nodes.map(move),
    groups: groups.map(move),
    edges: edges.map((edge) => ({ ...move(edge), points: edge.points.map(move) })),
    width: right - left,
    height: Math.max(...parts.map(({ y, height }) => y + height / 2)) - top,
  };
}

/** Counts pairs of successors of a node from left to right: those in the wrong order minus those in declared order. */
function countDisorder(nodes: readonly Placed<DrawnNode>[], edges: readonly Route[]): number {
  let pairs = 0;
  for (const { id } of nodes) {
    const targets = new Set(edges.filter(({ from }) => from === id).map(({ to }) => to));
    // The nodes are in declared order.
    const places = nodes.filter((node) => targets.has(node.id)).map(({ x }) => x);
    places.forEach((x, index) => {
      for (const later of places.slice(index + 1)) pairs += Math.sign(x - later);
    });
  }
  return pairs;
}

/** Cuts a text to the width of a label. */
export function cutToFit(text: string, font: keyof typeof FONT): string {
  return shortenToWidth(text === '' ? '(empty)' : text, FONT[font], LONGEST_LABEL);
}

function measureNode({ kind, label, note }: DrawnNode): { readonly width: number; readonly height: number } {
  if (kind === 'merge') return { width: 14, height: 14 };
  const labelWidth = measureWidth(cutToFit(label, 'label'), FONT.label);
  if (kind === 'route') return { width: labelWidth + 72, height: 58 };
  const width = Math.max(labelWidth, note === '' ? 0 : measureWidth(cutToFit(note, 'note'), FONT.note)) + 32;
  return { width: Math.max(width, 88), height: note === '' ? 32 : 48 };
}

function measureEdgeLabel({ label }: DrawnEdge): object {
  if (label === undefined) return {};
  return { width: measureLabel(label), height: FONT.note + 6, labelpos: 'c' };
}

function measureLabel(label: string): number {
  return measureWidth(cutToFit(label, 'note'), FONT.note) + 8;
}
