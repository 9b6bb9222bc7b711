import { createBrotliDecompress, createGunzip, createInflate } from 'node:zlib';
import { AnswerBody, type BodySource } from './answer-body.js';

/** Where bytes go that come over a connection. */
export type BodySink = Pick<AnswerBody, 'push' | 'end' | 'fail'>;

const DECODERS = { gzip: createGunzip, 'x-gzip': createGunzip, deflate: createInflate, br: createBrotliDecompress };

/**
 * A body of packed bytes: nobody asks for them, but some gateways pack whatever passes.
 * @param encoding the answer's `content-encoding`
 * @returns undefined if that is one that is not known here
 */
export function unpacked(encoding: string, source: BodySource): { body: AnswerBody; sink: BodySink } | undefined {
  const name = encoding.trim().toLowerCase();
  if (!isKnown(name)) return undefined;
  const decoder = DECODERS[name]();
  const body = new AnswerBody({
    pause: () => {
      decoder.pause();
      source.pause();
    },
    resume: () => {
      decoder.resume();
      source.resume();
    },
  });
  decoder.on('data', (bytes: Buffer) => body.push(bytes));
  decoder.once('end', () => body.end());
  decoder.once('error', (error) => body.fail(error));
  const sink: BodySink = {
    push: (bytes) => {
      if (!decoder.destroyed) decoder.write(bytes);
    },
    end: () => decoder.end(),
    fail: (error) => {
      body.fail(error);
      decoder.destroy();
    },
  };
  return { body, sink };
}

function isKnown(name: string): name is keyof typeof DECODERS {
  return Object.hasOwn(DECODERS, name);
}
