/**
 * What Node, OpenSSL and undici call what goes wrong with a connection, in words for an operator. A few plain words each: traces
 * that may hold no content take no more.
 */
const WORDS: ReadonlyMap<string, string> = new Map([
  ['ECONNREFUSED', 'nothing listens at this address'],
  ['ENOTFOUND', 'no such host name'],
  ['EAI_AGAIN', 'the name server does not answer'],
  ['ECONNRESET', 'the connection was reset'],
  ['EPIPE', 'the connection was closed'],
  ['UND_ERR_SOCKET', 'the connection was closed too early'],
  ['UND_ERR_ABORTED', 'the proxy refused the connection'],
  ['EHOSTUNREACH', 'no route to this host'],
  ['ENETUNREACH', 'no route to this network'],
  ['EACCES', 'the system does not allow this connection'],
  ['ETIMEDOUT', 'timeout, no connection came about'],
  ['UND_ERR_CONNECT_TIMEOUT', 'timeout, no connection came about'],
  ['DEPTH_ZERO_SELF_SIGNED_CERT', 'certificate is self-signed, see NODE_EXTRA_CA_CERTS'],
  ['SELF_SIGNED_CERT_IN_CHAIN', 'certificate issuer is unknown, see NODE_EXTRA_CA_CERTS'],
  ['UNABLE_TO_VERIFY_LEAF_SIGNATURE', 'certificate issuer is unknown, see NODE_EXTRA_CA_CERTS'],
  ['UNABLE_TO_GET_ISSUER_CERT', 'certificate issuer is unknown, see NODE_EXTRA_CA_CERTS'],
  ['UNABLE_TO_GET_ISSUER_CERT_LOCALLY', 'certificate issuer is unknown, see NODE_EXTRA_CA_CERTS'],
  ['CERT_HAS_EXPIRED', 'certificate has expired'],
  ['CERT_NOT_YET_VALID', 'certificate is not valid yet'],
  ['ERR_TLS_CERT_ALTNAME_INVALID', 'certificate is for another host name'],
  ['ERR_SSL_WRONG_VERSION_NUMBER', 'no TLS there, perhaps an http:// address'],
  ['EPROTO', 'no TLS there, perhaps an http:// address'],
]);

/** The codes of the parser of HTTP, some thirty. */
const NO_HTTP = /^HPE_/;
const CODE = /^[A-Z][A-Z\d_]{2,63}$/;
/** The client wraps what the connection failed with once or twice, and the SDK once more. */
const DEEPEST_CAUSE = 5;

/** The codes of an error and of what it was caused by, outermost first. */
export function readFaultCodes(thrown: unknown): readonly string[] {
  const codes: string[] = [];
  let cause = thrown;
  for (let depth = 0; isObject(cause) && depth < DEEPEST_CAUSE; depth++) {
    if (typeof cause.code === 'string' && CODE.test(cause.code)) codes.push(cause.code);
    ({ cause } = cause);
  }
  return codes;
}

/**
 * What is wrong with a connection, for logs and traces: its code and what that means, such as `ECONNREFUSED: nothing listens at
 * this address`. Holds nothing of the error's message, which can name what is none of the log's business.
 */
export function describeConnectionFault(thrown: unknown): string {
  const codes = readFaultCodes(thrown);
  const code = codes.findLast((each) => WORDS.has(each)) ?? codes.at(-1);
  if (code === undefined) return 'the connection failed for an unknown reason';
  const words = WORDS.get(code) ?? (NO_HTTP.test(code) ? 'what answers speaks no HTTP' : undefined);
  return words === undefined ? code : `${code}: ${words}`;
}

function isObject(value: unknown): value is { readonly code?: unknown; readonly cause?: unknown } {
  return typeof value === 'object' && value !== null;
}
