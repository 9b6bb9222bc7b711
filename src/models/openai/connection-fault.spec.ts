import { describe, expect, it } from '@jest/globals';
import { describeConnectionFault, readFaultCodes } from './connection-fault.js';

const withCode = (code: unknown, cause?: unknown): Error =>
  Object.assign(new Error('secret.example.com:443', { cause }), { code });

describe('describeConnectionFault', () => {
  it.each([
    ['ECONNREFUSED', 'ECONNREFUSED: nothing listens at this address'],
    ['ENOTFOUND', 'ENOTFOUND: no such host name'],
    ['EAI_AGAIN', 'EAI_AGAIN: the name server does not answer'],
    ['UND_ERR_CONNECT_TIMEOUT', 'UND_ERR_CONNECT_TIMEOUT: timeout, no connection came about'],
    ['CERT_HAS_EXPIRED', 'CERT_HAS_EXPIRED: certificate has expired'],
    ['ERR_TLS_CERT_ALTNAME_INVALID', 'ERR_TLS_CERT_ALTNAME_INVALID: certificate is for another host name'],
    ['SELF_SIGNED_CERT_IN_CHAIN', 'SELF_SIGNED_CERT_IN_CHAIN: certificate issuer is unknown, see NODE_EXTRA_CA_CERTS'],
    ['HPE_INVALID_CONSTANT', 'HPE_INVALID_CONSTANT: the server does not speak HTTP'],
    ['ESOMETHING_NEW', 'ESOMETHING_NEW'],
    ['no secret code', 'the connection failed for an unknown reason'],
    [7, 'the connection failed for an unknown reason'],
  ])('explains %s, however it is wrapped', (code, words) => {
    for (const error of [
      withCode(code),
      new Error('secret', { cause: new Error('secret', { cause: withCode(code) }) }),
    ]) {
      expect(describeConnectionFault(error)).toBe(words);
    }
  });

  it('uses the innermost known code', () => {
    expect(describeConnectionFault(withCode('UND_ERR_SOCKET', withCode('ECONNRESET', withCode('EODD'))))).toMatch(
      /^ECONNRESET: /,
    );
  });

  it('reads causes to a limited depth, and only objects', () => {
    const circular = withCode('EODD');
    circular.cause = circular;
    expect(readFaultCodes(circular)).toHaveLength(5);
    expect(readFaultCodes('ECONNREFUSED')).toEqual([]);
    expect(readFaultCodes(undefined)).toEqual([]);
  });
});
