import { InvalidRequestError } from '../../errors/index.js';

/** The formats of a graph. */
export const GRAPH_FORMATS = ['json', 'mermaid', 'svg'] as const;
/** One of {@link GRAPH_FORMATS}. */
export type GraphFormat = (typeof GRAPH_FORMATS)[number];

/** The form of a response with a graph. */
interface GraphResponse {
  readonly format: GraphFormat;
  /** Media type of the response. */
  readonly type: string;
}

const TYPES: Readonly<Record<GraphFormat, string>> = {
  json: 'application/json',
  mermaid: 'text/vnd.mermaid',
  svg: 'image/svg+xml',
};

/** The formats that a client can accept; a client that accepts anything gets the first. */
const RESPONSES: readonly GraphResponse[] = [
  ...GRAPH_FORMATS.map((format) => ({ format, type: TYPES[format] })),
  { format: 'mermaid', type: 'text/plain' },
];

/**
 * Chooses the format that a client asks for: by the query's `format`, or else by its Accept header; JSON if neither names one.
 * @param asked the query's `format`, as parsed
 * @param accepts returns the media type that the client prefers; false if it accepts none
 * @throws InvalidRequestError if there is no such format
 */
export function chooseGraphFormat(
  asked: unknown,
  accepts: (types: readonly string[]) => string | false,
): GraphResponse {
  if (asked === undefined) {
    const type = accepts(RESPONSES.map((response) => response.type));
    return RESPONSES.find((response) => response.type === type) ?? { format: 'json', type: TYPES.json };
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
