import { partialParse } from 'openai/_vendor/partial-json-parser/parser';
import { JsonFieldDecoder } from '../../dist/streaming/index.js';
import { makeToken } from '../token.mjs';
import { cutStructuredPieces } from '../upstream/structured.mjs';
import { measureTime } from './timing.mjs';

/** Pieces that are decoded in one round, in as many outputs as it takes. */
const PIECES_PER_ROUND = 320_000;
const FIELDS = ['thinking', 'reply'];

function cutPieces(count) {
  return Array.from({ length: count }, (_, index) => cutStructuredPieces(FIELDS, count)(index));
}

function decode(pieces, outputs) {
  for (let i = 0; i < outputs; i++) {
    const decoder = new JsonFieldDecoder({ thinking: 'reasoning', reply: 'content' });
    let characters = 0;
    for (const piece of pieces) for (const { text } of decoder.push(piece)) characters += text.length;
    if (characters !== pieces.length * makeToken().length || decoder.fault) throw new Error('Text was lost.');
  }
}

function reparse(pieces) {
  let json = '';
  let shown = 0;
  for (const piece of pieces) {
    json += piece;
    const { thinking = '', reply = '' } = partialParse(json) ?? {};
    shown += thinking.length + reply.length - shown;
  }
  if (shown !== pieces.length * makeToken().length) throw new Error('Text was lost.');
}

/** @param {number} count pieces of an output */
export function timeDecoder(count, { rounds } = {}) {
  const pieces = cutPieces(count);
  const outputs = PIECES_PER_ROUND / count;
  const name = `JsonFieldDecoder, ${count} pieces`;
  const call = () => decode(pieces, outputs);
  return measureTime({ part: 'structured', name, items: PIECES_PER_ROUND, call, rounds });
}

/**
 * A piece of a structured output to the text of its fields, against parsing all that has come so far for each piece.
 */
export async function measureStructured({ rounds } = {}) {
  const timings = [];
  for (const count of [200, 2_000, 8_000]) {
    timings.push(await timeDecoder(count, { rounds }));
    const pieces = cutPieces(count);
    const name = `parsing again, ${count} pieces`;
    // Quadratic: seconds for the longest.
    const repeats = count === 8_000 ? { rounds: 1, warmUp: 0 } : { rounds: 3, warmUp: 1 };
    timings.push(
      await measureTime({ part: 'structured', name, items: count, call: () => reparse(pieces), ...repeats }),
    );
  }
  return timings;
}
