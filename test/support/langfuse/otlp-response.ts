/** The encoding of an OTLP body. */
export type OtlpEncoding = 'protobuf' | 'json';

const REASON = 'Told to refuse them';

/**
 * The body of an OTLP response with status 200.
 * @param refused the number of refused spans; if it is not 0, the body has a `partial_success`
 */
export function encodePartialSuccess(
  refused: number,
  encoding: OtlpEncoding,
): { readonly contentType: string; readonly body: Buffer } {
  if (encoding === 'json') {
    const body = refused === 0 ? {} : { partialSuccess: { rejectedSpans: String(refused), errorMessage: REASON } };
    return { contentType: 'application/json', body: Buffer.from(JSON.stringify(body)) };
  }
  return {
    contentType: 'application/x-protobuf',
    body: refused === 0 ? Buffer.alloc(0) : writePartialSuccess(refused),
  };
}

/** `partial_success` is field 1; in it `rejected_spans` (int64) is field 1 and `error_message` (string) is field 2. */
function writePartialSuccess(refused: number): Buffer {
  const reason = Buffer.from(REASON);
  const inner = Buffer.concat([Buffer.from([0x08, ...encodeVarint(refused), 0x12, reason.length]), reason]);
  return Buffer.concat([Buffer.from([0x0a, ...encodeVarint(inner.length)]), inner]);
}

function encodeVarint(value: number): number[] {
  return value < 0x80 ? [value] : [(value & 0x7f) | 0x80, ...encodeVarint(value >>> 7)];
}
