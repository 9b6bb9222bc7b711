import { constants, createBrotliDecompress, createGunzip, createInflate } from 'node:zlib';
import { ResponseBody, type BodySource } from './response-body.js';

/** Takes the bytes of a connection. */
export type BodySink = Pick<ResponseBody, 'push' | 'end' | 'fail' | 'abort'>;

/** Unpacks as much as possible of a body that is cut short; its content shows whether it is whole. */
const ZLIB = { finishFlush: constants.Z_SYNC_FLUSH };
const BROTLI = { finishFlush: constants.BROTLI_OPERATION_FLUSH };
const DECODERS = {
  gzip: () => createGunzip(ZLIB),
  'x-gzip': () => createGunzip(ZLIB),
  deflate: () => createInflate(ZLIB),
  br: () => createBrotliDecompress(BROTLI),
};

/**
 * Unpacks a compressed body. This server never asks for compression, but some gateways compress anyway.
 * @param encoding the response's `content-encoding`
 * @returns undefined for an unknown encoding
 */
export function unpackBody(encoding: string, source: BodySource): { body: ResponseBody; sink: BodySink } | undefined {
  const name = encoding.trim().toLowerCase();
  if (!isKnown(name)) return undefined;
  const decoder = DECODERS[name]();
  const body = new ResponseBody({
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
  let failure: Error | undefined;
  decoder.once('end', () => (failure === undefined ? body.end() : body.fail(failure)));
  decoder.once('error', (error) => body.fail(failure ?? error));
  const sink: BodySink = {
    push: (bytes) => {
      if (!decoder.destroyed) decoder.write(bytes);
    },
    end: () => decoder.end(),
    fail: (error) => {
      failure = error;
      if (!decoder.destroyed) decoder.end();
    },
    abort: (reason) => {
      body.abort(reason);
      decoder.destroy();
    },
  };
  return { body, sink };
}

function isKnown(name: string): name is keyof typeof DECODERS {
  return Object.hasOwn(DECODERS, name);
}
