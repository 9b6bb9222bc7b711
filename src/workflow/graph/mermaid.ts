import type { CompiledWorkflow } from '../workflow-schema.js';
import {
  drawWorkflow,
  type DrawnEdge,
  type DrawnGroup,
  type DrawnKind,
  type DrawnNode,
  type Visibility,
} from './drawing.js';

/** The brackets that give a node its shape (https://mermaid.js.org/syntax/flowchart.html#node-shapes). */
const SHAPES: Readonly<Record<DrawnKind, readonly [string, string]>> = {
  request: ['([', '])'],
  result: ['([', '])'],
  code: ['[', ']'],
  agent: ['(', ')'],
  workflow: ['[[', ']]'],
  route: ['{', '}'],
  interrupt: ['{{', '}}'],
  merge: ['((', '))'],
};

/** Only strokes, so that text stays readable on light and dark pages. */
const STYLES: readonly (readonly [Exclude<Visibility, 'inner'>, string])[] = [
  ['visible', 'stroke:#2da44e,stroke-width:3px'],
  ['silent', 'stroke-dasharray:4 3,opacity:0.6'],
];

/** Draws the graph of a workflow as a Mermaid flowchart. */
export function drawMermaid(workflow: CompiledWorkflow): string {
  const { nodes, groups, edges } = drawWorkflow(workflow);
  const lines = ['flowchart TD', `  accTitle: Workflow ${workflow.id}`];
  const write = (group: string | undefined, indent: string): void => {
    lines.push(...nodes.filter((node) => node.group === group).map((node) => indent + writeNode(node)));
    for (const inner of groups.filter((candidate) => candidate.group === group)) {
      lines.push(`${indent}subgraph ${inner.id}["${escapeText(inner.label)} (${escapeText(inner.note)})"]`);
      write(inner.id, `${indent}  `);
      lines.push(`${indent}end`);
    }
  };
  write(undefined, '  ');
  lines.push(...edges.map((edge) => `  ${writeEdge(edge)}`));
  for (const [visibility, style] of STYLES) lines.push(...writeStyle([...nodes, ...groups], visibility, style));
  return `${lines.join('\n')}\n`;
}

function writeNode({ id, kind, label, note }: DrawnNode): string {
  const [open, close] = SHAPES[kind];
  const content =
    kind === 'merge' ? ' ' : escapeText(label) + (note === '' || kind === 'route' ? '' : `<br/>${escapeText(note)}`);
  return `${id}${open}"${content}"${close}`;
}

function writeEdge({ from, to, label }: DrawnEdge): string {
  return label === undefined ? `${from} --> ${to}` : `${from} -->|"${escapeText(label)}"| ${to}`;
}

function writeStyle(parts: readonly (DrawnNode | DrawnGroup)[], visibility: Visibility, style: string): string[] {
  const ids = parts.filter((part) => part.visibility === visibility).map(({ id }) => id);
  return ids.length === 0 ? [] : [`  classDef ${visibility} ${style}`, `  class ${ids.join(',')} ${visibility}`];
}

/**
 * Escapes a text for a quoted string. ASCII characters with a meaning in Mermaid, its Markdown or HTML become numeric
 * entities (https://mermaid.js.org/syntax/flowchart.html#entity-codes-to-escape-characters), and so do characters that would
 * begin a Markdown list. Mermaid's parser does not accept an empty string.
 */
function escapeText(value: string): string {
  if (value === '') return '(empty)';
  return value
    .replaceAll(/[\p{Cc}\p{Cs}\u2028\u2029]/gu, ' ')
    .replaceAll(/[!-'*+:-@[-^`{-~]|^\s*-|(?<=^\s*\d+)[.)]/g, writeEntities);
}

function writeEntities(characters: string): string {
  return [...characters].map((character) => `#${character.charCodeAt(0)};`).join('');
}
