import { STEP_KINDS } from '../../workflow/index.js';

const keys = { type: 'array', items: { type: 'string' } };

const graph = {
  workflow: { type: 'string', description: 'Id of the workflow.' },
  description: { type: 'string' },
  start: { ...keys, description: 'Keys of the steps that wait for nothing.' },
  result: {
    type: 'string',
    nullable: true,
    description: 'Key of the step whose output is the result; null if that is a part of the request.',
  },
  visible: {
    type: 'boolean',
    description: 'Whether a step is visible to the client; if none is, the client gets the result.',
  },
  nodes: {
    type: 'array',
    items: {
      type: 'object',
      properties: {
        key: { type: 'string' },
        kind: { type: 'string', enum: [...STEP_KINDS] },
        node: { type: 'string', description: 'Class of the node, or id of the nested workflow.' },
        visible: { type: 'boolean' },
      },
      required: ['key', 'kind', 'visible'],
    },
  },
  connections: {
    type: 'array',
    items: {
      type: 'object',
      properties: { from: { type: 'string' }, to: { type: 'string' } },
      required: ['from', 'to'],
    },
  },
  branches: {
    type: 'array',
    items: {
      type: 'object',
      properties: {
        route: { type: 'string' },
        when: { type: 'string', description: 'The value for which this branch is taken.' },
        steps: keys,
      },
      required: ['route', 'when', 'steps'],
    },
  },
};

/** A graph as JSON, for the OpenAPI document. */
export const graphSchema = {
  type: 'object',
  properties: {
    ...graph,
    workflows: {
      type: 'array',
      description: 'The workflows that run inside it, at any depth, each once.',
      items: { type: 'object', properties: graph, required: Object.keys(graph) },
    },
  },
  required: [...Object.keys(graph), 'workflows'],
};

/** Graphs of the workflow `streaming`, for the OpenAPI document. */
export const graphExamples = {
  json: {
    workflow: 'streaming',
    description: 'Plain text, then a structured reply that thinks it over',
    start: ['TextStreamingNode'],
    nodes: [
      { key: 'TextStreamingNode', kind: 'agent-streaming', node: 'TextStreamingNode', visible: true },
      { key: 'StructuredStreamingNode', kind: 'agent-streaming', node: 'StructuredStreamingNode', visible: true },
    ],
    connections: [{ from: 'TextStreamingNode', to: 'StructuredStreamingNode' }],
    branches: [],
    result: 'StructuredStreamingNode',
    visible: true,
    workflows: [],
  },
  mermaid: `flowchart TD
  accTitle: Workflow streaming
  n0(["Request"])
  n1("TextStreamingNode<br/>agent, visible")
  n2("StructuredStreamingNode<br/>agent, visible")
  n3(["Result"])
  n1 --> n2
  n0 --> n1
  n2 --> n3
  classDef visible stroke:#2da44e,stroke-width:3px
  class n1,n2 visible
`,
};
