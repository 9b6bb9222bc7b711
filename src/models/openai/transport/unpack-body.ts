import { constants, createBrotliDecompress, createGunzip, createInflate } from 'node:zlib';
import { ResponseBody, type BodySource } from './response-body.js';

/** Where bytes go that come over a connection. */
export type BodySink = Pick<ResponseBody, 'push' | 'end' | 'fail' | 'abort'>;

/** A body that is cut short gives all that can be unpacked of it; whether a response is whole, its own words say. */
const ZLIB = { finishFlush: constants.Z_SYNC_FLUSH };
const BROTLI = { finishFlush: constants.BROTLI_OPERATION_FLUSH };
const DECODERS = {
  gzip: () => createGunzip(ZLIB),
  'x-gzip': () => createGunzip(ZLIB),
  deflate: () => createInflate(ZLIB),
  br: () => createBrotliDecompress(BROTLI),
};

/**
 * A body of packed bytes: nobody asks for them, but some gateways pack whatever passes.
 * @param encoding the response's `content-encoding`
 * @returns undefined if that is one that is not known here
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
