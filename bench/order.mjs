/**
 * What a request asks of the fake upstream. It stands in the user's message, which is the one thing that every target
 * passes on unchanged.
 *
 * @typedef {object} Order
 * @property {number} chunks how many content chunks a text has
 * @property {number} pieces how many a structured output has
 * @property {number} rate chunks per second; 0: as fast as they are taken
 * @property {boolean} hold true: halfway the stream waits until the upstream releases it
 */

/**
 * The user's message that holds the order.
 * @param {Order} order
 * @param {number} padding how many characters of text follow it
 */
export function writeMessage({ chunks, pieces, rate, hold }, padding = 0) {
  const words = `Please reply with chunks=${chunks} pieces=${pieces} rate=${rate} hold=${hold ? 1 : 0} and nothing else.`;
  return padding === 0 ? words : `${words} ${'Lorem ipsum dolor sit amet, "consectetur". '.repeat(padding / 43 + 1)}`;
}

/**
 * The order in a text; undefined if there is none.
 * @param {string} text
 * @returns {Order | undefined}
 */
export function readOrder(text) {
  const found = /chunks=(\d+) pieces=(\d+) rate=([\d.]+) hold=([01])/.exec(text);
  if (found === null) return undefined;
  const [, chunks, pieces, rate, hold] = found;
  return { chunks: Number(chunks), pieces: Number(pieces), rate: Number(rate), hold: hold === '1' };
}
