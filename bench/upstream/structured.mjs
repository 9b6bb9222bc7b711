import { makeToken } from '../token.mjs';

/**
 * Texts of a structured output in `count` pieces, one token in each: a JSON object whose fields are strings.
 * @param {readonly string[]} fields names of the fields
 * @param {number} count
 * @returns {(index: number) => string} the text of a piece, to be asked for when it is sent
 */
export function cutStructuredPieces(fields, count) {
  if (count < fields.length) throw new RangeError(`${count} pieces are too few for ${fields.length} fields`);
  const findField = (index) => Math.floor((index * fields.length) / count);
  return (index) => {
    const field = findField(index);
    const begins = index === 0 || findField(index - 1) !== field;
    const ends = index === count - 1 || findField(index + 1) !== field;
    const start = begins ? `${index === 0 ? '{' : ','}${JSON.stringify(fields[field])}:"` : '';
    const end = `${ends ? '"' : ''}${index === count - 1 ? '}' : ''}`;
    return start + makeToken() + end;
  };
}
