import { createServer, type Server } from 'node:http';
import type { AddressInfo } from 'node:net';
import { afterEach, beforeAll, beforeEach, describe, expect, it } from '@jest/globals';
import { exportJWK, exportSPKI, generateKeyPair, SignJWT } from 'jose';
import OpenAI from 'openai';
import { SystemClock } from '../../src/kernel/index.js';
import { Bench, type TestAppOptions } from '../support/app.js';
import { getJson, type HttpResponse, postJson } from '../support/http-client.js';
import { CHAT, HELLO } from '../support/messages.js';
import { RecordingTracer } from '../support/recording-tracer.js';
import { catchRejection } from '../support/rejection.js';
import { withTimeSetBack } from '../support/time-of-day.js';
import { scriptStream } from '../support/upstream/scripts.js';
import { assertValidError } from '../support/wire-schema.js';

const ISSUER = 'https://id.example.com';

/** Publishes keys as identity providers do. */
class KeyServer {
  /** The body of its response. Undefined: it closes connections without a response. */
  body: unknown = { keys: [] };
  status = 200;
  requests = 0;
  readonly #server: Server = createServer((_, response) => {
    this.requests++;
    if (this.body === undefined) response.destroy();
    else response.writeHead(this.status, { 'content-type': 'application/json' }).end(JSON.stringify(this.body));
  });

  async listen(): Promise<string> {
    await new Promise<void>((resolve) => this.#server.listen(0, '127.0.0.1', resolve));
    return `http://127.0.0.1:${(this.#server.address() as AddressInfo).port}/jwks.json`;
  }

  async close(): Promise<void> {
    this.#server.closeAllConnections();
    await new Promise((resolve) => this.#server.close(resolve));
  }
}

/** A clock whose monotonic time can jump ahead. Its wall clock is not affected. */
class JumpingClock extends SystemClock {
  passed = 0;

  override monotonic(): number {
    return super.monotonic() + this.passed;
  }
}

type Pair = Awaited<ReturnType<typeof generateKeyPair>>;

describe('tokens', () => {
  let bench: Bench;
  let keys: KeyServer;
  let env: Record<string, string>;
  let rsa: Pair;
  let ec: Pair;
  beforeAll(async () => {
    [rsa, ec] = [await generateKeyPair('RS256'), await generateKeyPair('ES256')];
  });
  beforeEach(async () => {
    keys = new KeyServer();
    env = { JWT_JWKS_URL: await keys.listen(), JWT_ISSUER: ISSUER, JWT_AUDIENCE: 'millrace,millrace-test' };
    keys.body = {
      keys: [
        { ...(await exportJWK(rsa.publicKey)), kid: 'rsa', alg: 'RS256', use: 'sig' },
        { ...(await exportJWK(ec.publicKey)), kid: 'ec', alg: 'ES256', use: 'sig' },
      ],
    };
  });
  afterEach(async () => {
    await bench.close();
    await keys.close();
  });

  const start = async (more: Record<string, string> = {}, options: TestAppOptions = {}): Promise<Bench> =>
    (bench = await Bench.start({ ...options, env: { ...env, ...more } }));
  const ask = (token: string, body: object = CHAT): Promise<HttpResponse> =>
    postJson(bench.app.chatUrl, body, { authorization: `Bearer ${token}` });

  interface TokenParts {
    readonly claims?: Readonly<Record<string, unknown>>;
    readonly key?: Pair['privateKey'] | Uint8Array;
    readonly alg?: string;
    /** The key id. Undefined: the token has none. Absent: `rsa`. */
    readonly kid?: string | undefined;
  }
  const token = ({ claims = {}, key = rsa.privateKey, alg = 'RS256', ...rest }: TokenParts = {}): Promise<string> => {
    const now = Math.floor(Date.now() / 1_000);
    return new SignJWT({ iss: ISSUER, aud: 'millrace', sub: 'ann', iat: now, exp: now + 300, ...claims })
      .setProtectedHeader({ alg, ...('kid' in rest ? rest.kid !== undefined && { kid: rest.kid } : { kid: 'rsa' }) })
      .sign(key);
  };
  const seconds = (fromNow: number): number => Math.floor(Date.now() / 1_000) + fromNow;

  it('of the issuer are accepted; their user is in the trace, and the keys are fetched once', async () => {
    const tracer = new RecordingTracer();
    await start({}, { tracer });
    bench.upstream.always(scriptStream('Hi'));
    const tokens = [
      await token(),
      await token({ key: ec.privateKey, alg: 'ES256', kid: 'ec', claims: { sub: 'bob', aud: ['x', 'millrace-test'] } }),
      await token({ claims: { sub: 'eve', exp: seconds(-20) } }),
    ];
    for (const each of tokens) expect((await ask(each)).status).toBe(200);
    expect(tracer.traces.map(({ start }) => start.userId)).toEqual(['ann', 'bob', 'eve']);
    expect(keys.requests).toBe(1);
  });

  const bad: [string, () => Promise<string>][] = [
    ['expired', () => token({ claims: { exp: seconds(-40) } })],
    ['not valid yet', () => token({ claims: { nbf: seconds(40) } })],
    ['of another issuer', () => token({ claims: { iss: 'https://evil.example.com' } })],
    ['for somebody else', () => token({ claims: { aud: 'other' } })],
    ['without an expiry', () => token({ claims: { exp: undefined } })],
    ['without a subject', () => token({ claims: { sub: undefined } })],
    ['with an empty subject', () => token({ claims: { sub: '' } })],
    ...([5, 0, true, null, ['ann'], { name: 'ann' }] as const).map((sub): [string, () => Promise<string>] => [
      `with a subject that is no text: ${JSON.stringify(sub)}`,
      () => token({ claims: { sub } }),
    ]),
    ['for an audience that is no text', () => token({ claims: { aud: { millrace: true } } })],
    ['for an audience that is a list of other things', () => token({ claims: { aud: [5, null, ['millrace']] } })],
    ['of an issuer that is a list', () => token({ claims: { iss: [ISSUER] } })],
    ['with an expiry that is a text', () => token({ claims: { exp: String(seconds(300)) } })],
    ['with an expiry that is not a number', () => token({ claims: { exp: null } })],
    ['not valid before a text', () => token({ claims: { nbf: 'now' } })],
    ['signed by another key', async () => token({ key: (await generateKeyPair('RS256')).privateKey })],
    ['signed by a key that is not known', () => token({ kid: 'other' })],
    [
      'signed with the public key as a secret',
      async () => token({ alg: 'HS256', key: new TextEncoder().encode(await exportSPKI(rsa.publicKey)) }),
    ],
    [
      'not signed',
      async () => {
        const [, payload] = (await token()).split('.');
        return `${Buffer.from('{"alg":"none"}').toString('base64url')}.${payload}.x`;
      },
    ],
    [
      'changed',
      async () => {
        const [head, , signature] = (await token()).split('.');
        const [, payload] = (await token({ claims: { sub: 'root' } })).split('.');
        return `${head}.${payload}.${signature}`;
      },
    ],
    ['no token', () => Promise.resolve('sk-just-a-key')],
  ];

  it.each(bad)('are refused when they are %s', async (_, make) => {
    await start();
    const { status, json, headers } = await ask(await make());
    expect([status, headers['www-authenticate']]).toEqual([401, 'Bearer error="invalid_token"']);
    assertValidError(json);
    expect(json.error.code).toBe('invalid_api_key');
  });

  const warnings = (): string[] => {
    const lines: string[] = [];
    const ignore = (): void => undefined;
    bench.app.nest.useLogger({ log: ignore, error: ignore, warn: (line: string) => lines.push(line) });
    return lines;
  };

  it.each([
    ['a claim', 'a number', () => token({ claims: { sub: 5 } }), /refused: "sub" claim must be a string/],
    ['a claim', 'for others', () => token({ claims: { aud: 'x' } }), /refused: unexpected "aud" claim value/],
    [
      'a key that nobody knows',
      'an unknown kid',
      () => token({ kid: 'other' }),
      /refused: JWT_JWKS_URL publishes no key of its kid for RS256; it was asked \d+ s ago$/,
    ],
    [
      'keys that cannot be told apart',
      'no kid',
      async () => {
        const [one = {}] = (keys.body as { keys: object[] }).keys;
        const { publicKey } = await generateKeyPair('RS256');
        keys.body = {
          keys: [one, { ...(await exportJWK(publicKey)), kid: 'rsa-2', alg: 'RS256', use: 'sig' }].map((key) => ({
            ...key,
            kid: undefined,
          })),
        };
        return token({ kid: undefined });
      },
      /refused: it names no key \(kid\), and JWT_JWKS_URL publishes several for RS256: have its issuer set kid$/,
    ],
  ])('are refused for %s (%s): the log says why', async (_, _what, make, reason) => {
    await start();
    const lines = warnings();
    expect((await ask(await make())).status).toBe(401);
    expect(lines.find((line) => line.startsWith('A token was refused'))).toMatch(reason);
    // The log does not blame a key server that works.
    expect(lines.join()).not.toContain('cannot be fetched');
  });

  it('of a new key are accepted at once, also after the time of day was set back', async () => {
    const clock = new JumpingClock();
    await start({}, { clock });
    bench.upstream.always(scriptStream('Hi'));
    expect((await ask(await token())).status).toBe(200);
    const next = await generateKeyPair('RS256');
    keys.body = { keys: [{ ...(await exportJWK(next.publicKey)), kid: 'next', alg: 'RS256', use: 'sig' }] };
    const late = await token({ key: next.privateKey, kid: 'next' });
    // The server fetches keys at most twice a minute: otherwise any client could cause requests.
    expect((await ask(late)).status).toBe(401);
    expect(keys.requests).toBe(1);
    clock.passed += 31_000;
    expect((await withTimeSetBack(3_600_000, () => ask(late))).status).toBe(200);
    expect(keys.requests).toBe(2);
  });

  it('are accepted only with the algorithms that are configured', async () => {
    await start({ JWT_ALGORITHMS: 'ES256' });
    bench.upstream.next(scriptStream('Hi'));
    expect((await ask(await token())).status).toBe(401);
    expect((await ask(await token({ key: ec.privateKey, alg: 'ES256', kid: 'ec' }))).status).toBe(200);
  });

  it('may name the workflows that their holders may use; those that name none may use none', async () => {
    await start({ JWT_WORKFLOWS_CLAIM: 'workflows' });
    bench.upstream.always(scriptStream('Hi'));
    const statuses: number[] = [];
    for (const workflows of [['chat'], 'other ch*', ['streaming'], undefined, 5]) {
      statuses.push((await ask(await token({ claims: { workflows } }))).status);
    }
    expect(statuses).toEqual([200, 200, 404, 404, 404]);
    const list = await getJson(`${bench.app.baseUrl}/models`, {
      authorization: `Bearer ${await token({ claims: { workflows: ['chat'] } })}`,
    });
    expect((list.json as { data: { id: string }[] }).data.map(({ id }) => id)).toEqual(['chat']);
  });

  it('are limited by their subjects', async () => {
    await start({ LIMIT_REQUESTS_PER_MINUTE: '1' });
    bench.upstream.always(scriptStream('Hi'));
    const statuses: number[] = [];
    for (const sub of ['ann', 'ann', 'bob']) statuses.push((await ask(await token({ claims: { sub } }))).status);
    expect(statuses).toEqual([200, 429, 200]);
  });

  it('go together with keys', async () => {
    await start({ API_KEYS: 'sk-ann' });
    bench.upstream.always(scriptStream('Hi'));
    expect([(await ask('sk-ann')).status, (await ask(await token())).status, (await ask('sk-bob')).status]).toEqual([
      200, 200, 401,
    ]);
  });

  it.each([
    ['does not answer', (): void => void (keys.body = undefined)],
    ['fails', (): void => void (keys.status = 500)],
    ['answers nonsense', (): void => void (keys.body = { nothing: true })],
  ])('are answered with 503 while the key server %s, and work again after that', async (_, breakServer) => {
    const good = { body: keys.body, status: keys.status };
    await start({ API_KEYS: 'sk-ann' });
    breakServer();
    const { status, json, headers } = await ask(await token());
    expect([status, headers['retry-after'], headers['x-should-retry']]).toEqual([503, '5', undefined]);
    assertValidError(json);
    expect(json.error).toMatchObject({ type: 'server_error', code: 'authentication_unavailable' });
    bench.upstream.always(scriptStream('Hi'));
    expect((await ask('sk-ann')).status).toBe(200);
    Object.assign(keys, good);
    expect((await ask(await token())).status).toBe(200);
  });

  it('make the openai SDK throw the errors that it has for them', async () => {
    await start();
    const client = new OpenAI({
      baseURL: bench.app.baseUrl,
      apiKey: await token({ claims: { exp: seconds(-40) } }),
    });
    const error = await catchRejection(client.chat.completions.create({ model: 'chat', messages: HELLO }));
    expect(error).toBeInstanceOf(OpenAI.AuthenticationError);
    expect(error).toMatchObject({ message: '401 The token has expired.' });
  });
});
