import { isJsonObject } from '../../kernel/index.js';

/**
 * Explanations for the error codes of Node, OpenSSL and undici. Each is a few plain words, because traces without content
 * keep no more.
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

/** Codes of Node's HTTP parser. */
const NO_HTTP = /^HPE_/;
const CODE = /^[A-Z][A-Z\d_]{2,63}$/;
/** How deep causes are read: undici wraps an error once or twice, and the SDK once more. */
const DEEPEST_CAUSE = 5;

/** Reads the codes of an error and of its causes, outermost first. */
export function readFaultCodes(thrown: unknown): readonly string[] {
  const codes: string[] = [];
  let cause = thrown;
  for (let depth = 0; isJsonObject(cause) && depth < DEEPEST_CAUSE; depth++) {
    if (typeof cause['code'] === 'string' && CODE.test(cause['code'])) codes.push(cause['code']);
    ({ cause } = cause);
  }
  return codes;
}

/**
 * Describes a connection fault for logs and traces: its code and the explanation, such as `ECONNREFUSED: nothing listens at
 * this address`. The error's message is left out, as it can hold private data.
 */
export function describeConnectionFault(thrown: unknown): string {
  const codes = readFaultCodes(thrown);
  const code = codes.findLast((each) => WORDS.has(each)) ?? codes.at(-1);
  if (code === undefined) return 'the connection failed for an unknown reason';
  const words = WORDS.get(code) ?? (NO_HTTP.test(code) ? 'the server does not speak HTTP' : undefined);
  return words === undefined ? code : `${code}: ${words}`;
}
