import { setTimeout as delay } from 'node:timers/promises';
import { readOrder } from '../order.mjs';
import { makeToken } from '../token.mjs';
import { Chunks } from './chunks.mjs';
import { writeFrames } from './pace.mjs';
import { cutStructuredPieces } from './structured.mjs';

const HEADERS = { 'content-type': 'text/event-stream; charset=utf-8', 'cache-control': 'no-cache' };
/** Longest time that a response is held, whatever happens to the process that holds it. */
const LONGEST_HOLD_MS = 30_000;

/**
 * Responds to one request as its order says.
 * @param {any} request the body of the request
 * @param {import('node:http').ServerResponse} response
 * @param {Promise<void>} released resolves when held responses may continue
 * @throws Error if the request holds no order, or asks for no stream
 */
export async function respond(request, response, released) {
  const order = (request.messages ?? []).map(({ content }) => readOrder(String(content))).find((found) => found);
  if (order === undefined) throw new Error('No message says how to respond.');
  if (request.stream !== true) throw new Error('Only requests for streams get a response.');
  const schema = request.response_format?.json_schema?.schema;
  const count = schema === undefined ? order.chunks : order.pieces;
  const nextText = schema === undefined ? makeToken : cutStructuredPieces(Object.keys(schema.properties), count);
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
