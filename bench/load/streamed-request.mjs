import { request as httpRequest } from 'node:http';
import { measureAge, MARK, readMicroseconds, TOKEN_LENGTH } from '../token.mjs';

const END = 'data: [DONE]\n\n';
/** The events after this one repeat the text. */
const RESPONSE_TEXT_END = 'event: response.output_text.done';
const KEPT = Math.max(END.length, RESPONSE_TEXT_END.length);

/**
 * Sends one request and reads its stream to the end. Never rejects: what goes wrong is in the tally.
 * @param {object} parts
 * @param {import('node:http').Agent} parts.agent
 * @param {string} parts.url
 * @param {string} parts.body
 * @param {number} parts.expected tokens of the whole output
 * @param {boolean} parts.isResponse true: the Responses API is called; its last events repeat the whole text
 * @param {AbortSignal} parts.signal gives the request up
 * @param {import('./tally.mjs').Tally} parts.tally
 * @param {() => void} parts.onFirstToken
 * @returns {Promise<void>}
 */
export function sendStreamedRequest({ agent, url, body, expected, isResponse, signal, tally, onFirstToken }) {
  return new Promise((resolve) => {
    const sentAt = readMicroseconds();
    let lastAt = 0;
    let tokens = 0;
    let text = '';
    let isSaid = false;
    let isOver = false;

    const over = (fault) => {
      if (isOver) return;
      isOver = true;
      if (fault === undefined) tally.addEnd(readMicroseconds() - sentAt);
      else tally.addError(signal.aborted ? 'not finished in time' : fault);
      resolve();
    };
    /** @param {Buffer} bytes */
    const onData = (bytes) => {
      const now = readMicroseconds();
      tally.reads++;
      tally.bytes += bytes.length;
      text += bytes.latin1Slice();
      let from = 0;
      let found = 0;
      const end = isResponse && !isSaid ? text.indexOf(RESPONSE_TEXT_END) : -1;
      const most = isSaid ? 0 : end < 0 ? text.length : end;
      isSaid ||= end >= 0;
      for (let at = text.indexOf(MARK); at >= 0; at = text.indexOf(MARK, from)) {
        // Cut in two by the connection: the next read completes it.
        if (at + TOKEN_LENGTH > most) break;
        const age = measureAge(text, at, now);
        if (Number.isNaN(age)) return over('a damaged token');
        tally.addToken(age);
        found++;
        from = at + TOKEN_LENGTH;
      }
      text = text.slice(Math.max(from, text.length - KEPT));
      if (found === 0) return;
      if (tokens === 0) {
        tally.addFirstToken(now - sentAt);
        onFirstToken();
      } else tally.addGap(now - lastAt);
      tokens += found;
      lastAt = now;
    };

    const headers = { 'content-type': 'application/json', authorization: 'Bearer bench' };
    const send = () => {
      const request = httpRequest(url, { method: 'POST', agent, headers, signal }, (response) => {
        if (response.statusCode !== 200) {
          response.resume();
          return over(`status ${response.statusCode}`);
        }
        response.on('data', onData);
        response.on('end', () => {
          if (!text.endsWith(END)) over('no [DONE] at the end');
          else over(tokens === expected ? undefined : `${tokens} tokens instead of ${expected}`);
        });
        response.on('error', (error) => over(error.code ?? error.message));
      });
      request.on('error', (error) => {
        // The server closed the connection, as it may, at the moment in which it was used again.
        const wasIdle = request.reusedSocket && error.code === 'ECONNRESET' && text === '';
        if (wasIdle && !isOver) send();
        else over(error.code ?? error.message);
      });
      request.end(body);
    };
    send();
  });
}
