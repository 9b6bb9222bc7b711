import { InvalidRequestError } from '../../errors/index.js';

/** The forms of a graph. */
export const GRAPH_FORMATS = ['json', 'mermaid', 'svg'] as const;
export type GraphFormat = (typeof GRAPH_FORMATS)[number];

/** How a graph is answered. */
export interface GraphResponse {
  readonly format: GraphFormat;
  /** Media type of the answer. */
  readonly type: string;
}

const TYPES: Readonly<Record<GraphFormat, string>> = {
  json: 'application/json',
  mermaid: 'text/vnd.mermaid',
  svg: 'image/svg+xml',
};

/** What a client can accept; the first is for those who accept anything. */
const RESPONSES: readonly GraphResponse[] = [
  ...GRAPH_FORMATS.map((format) => ({ format, type: TYPES[format] })),
  { format: 'mermaid', type: 'text/plain' },
];

/**
 * The form that a client asks for: by the query's `format`, or else by its Accept header; JSON if neither names one.
 * @param asked the query's `format`, as parsed
 * @param accepts tells which of some media types the client likes best; false if none
 * @throws InvalidRequestError if there is no such format
 */
export function chooseGraphFormat(
  asked: unknown,
  accepts: (types: readonly string[]) => string | false,
): GraphResponse {
  if (asked === undefined) {
    const type = accepts(RESPONSES.map((answer) => answer.type));
    return RESPONSES.find((answer) => answer.type === type) ?? { format: 'json', type: TYPES.json };
  }
  const format = GRAPH_FORMATS.find((known) => known === asked);
  if (format === undefined) {
    throw new InvalidRequestError(`The format of a graph is one of ${GRAPH_FORMATS.join(', ')}.`, {
      param: 'format',
      code: 'invalid_value',
    });
  }
  return { format, type: TYPES[format] };
}
