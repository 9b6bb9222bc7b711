import { setTimeout as delay } from 'node:timers/promises';
import { orderIn } from '../order.mjs';
import { newToken } from '../token.mjs';
import { Chunks } from './chunks.mjs';
import { writeFrames } from './pace.mjs';
import { cutStructuredPieces } from './structured.mjs';

const HEADERS = { 'content-type': 'text/event-stream; charset=utf-8', 'cache-control': 'no-cache' };
/** Longest time that an answer is held, whatever happens to its holder. */
const LONGEST_HOLD_MS = 30_000;

/**
 * Answers one request as it orders.
 * @param {any} request the body of the request
 * @param {import('node:http').ServerResponse} response
 * @param {Promise<void>} released resolves when held answers may continue
 * @throws Error if the request holds no order, or asks for no stream
 */
export async function answer(request, response, released) {
  const order = (request.messages ?? []).map(({ content }) => orderIn(String(content))).find((found) => found);
  if (order === undefined) throw new Error('No message says how to answer.');
  if (request.stream !== true) throw new Error('Only streams are answered.');
  const schema = request.response_format?.json_schema?.schema;
  const count = schema === undefined ? order.chunks : order.pieces;
  const nextText = schema === undefined ? newToken : cutStructuredPieces(Object.keys(schema.properties), count);
  const includeUsage = request.stream_options?.include_usage === true;
  const chunks = new Chunks({ model: request.model, includeUsage });

  response.writeHead(200, HEADERS);
  response.write(chunks.role());
  const frame = (index) => chunks.content(nextText(index));
  const half = order.hold ? Math.ceil(count / 2) : count;
  await writeFrames(response, { rate: order.rate, from: 0, to: half, frame });
  if (order.hold) await Promise.race([released, delay(LONGEST_HOLD_MS, undefined, { ref: false })]);
  await writeFrames(response, { rate: order.rate, from: half, to: count, frame });
  response.end(`${chunks.finish()}${includeUsage ? chunks.usage(count) : ''}data: [DONE]\n\n`);
}
