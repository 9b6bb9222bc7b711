import { describe, expect, it } from '@jest/globals';
import * as fc from 'fast-check';
import { makeFaultFinder } from '../../../test/support/fault-finder.js';
import { assertStreamOptionsAllowed } from './dto/index.js';
import { validateChatCompletionRequest } from './validate-chat-completion-request.js';

const findFault = makeFaultFinder(validateChatCompletionRequest);

/** Text of a JSON value that is nested `depth` levels deep. */
function deep(depth: number): string {
  return `${'{"a":['.repeat(depth)}1${']}'.repeat(depth)}`;
}

const request = (parameters: object) => ({ model: 'chat', messages: [{ role: 'user', content: 'Hi' }], ...parameters });

describe('validateChatCompletionRequest', () => {
  it.each([undefined, null, [], [{}], 'text', '{}', 5, true])(
    'refuses a body that is not a JSON object: %j',
    (body) => {
      expect(findFault(body)).toMatchObject({ status: 400, param: null, code: null });
    },
  );

  it('says what is wrong, what is expected, and how many further faults there are', () => {
    expect(findFault(request({ temperature: '0.5' }))?.message).toBe(
      "Invalid type for 'temperature': expected a number, but got a string instead.",
    );
    expect(findFault(request({ stop: 5, n: 3 }))?.message).toBe(
      "Invalid value for 'n': a workflow gives one choice. Leave `n` out, or send one request for each completion. " +
        '(The request has 1 further fault.)',
    );
    expect(findFault({ messages: [{}, {}], tool_choice: 'auto' })?.message).toBe(
      "Missing required parameter: 'model'. (The request has 3 further faults.)",
    );
    expect(findFault(request({ stop: 1.5 }))?.message).toContain(
      'expected a string or an array, but got a decimal number',
    );
  });

  it('quotes only the beginning of a long value', () => {
    const message = findFault(request({ response_format: { type: `\0${'x'.repeat(1e6)}` } }))?.message ?? '';
    expect(message).toContain('"\\u0000xxx');
    expect(message.length).toBeLessThan(250);
  });

  it('keeps falsy values, unknown keys and null', () => {
    const body = request({ temperature: 0, user: '', top_k: 0, stop: null, stream_options: { x: null } });
    const copy = structuredClone(body);
    expect(validateChatCompletionRequest(body)).toBe(body);
    expect(body).toStrictEqual(copy);
  });

  it('treats the names of prototypes as ordinary keys', () => {
    const text =
      '{"__proto__":{"model":"chat","stream":"yes"},"constructor":{"prototype":{"stream":1}},"model":"chat",' +
      '"messages":[{"__proto__":{"role":"robot"},"constructor":1,"role":"user","content":"Hi"}],' +
      '"metadata":{"__proto__":{"a":1}},"tools":[{"type":"function","function":{"name":"f","parameters":{"__proto__":{}}}}]}';
    const body: unknown = JSON.parse(text);
    expect(JSON.stringify(validateChatCompletionRequest(body))).toBe(text);
    expect(findFault(JSON.parse('{"__proto__":{"model":"chat","messages":[]}}'))?.param).toBe('model');
    expect(({} as Record<string, unknown>)['stream']).toBeUndefined();
  });

  it('does not check free-form values', () => {
    const parametersWith = (nested: unknown): Record<string, unknown> => ({
      unknown: nested,
      metadata: nested,
      response_format: { type: 'json_schema', json_schema: { name: 'a', schema: nested } },
      tools: [{ type: 'function', function: { name: 'f', parameters: nested } }],
    });
    expect(findFault(request(parametersWith(JSON.parse(deep(200)))))).toBeUndefined();
  });

  it.each([
    ['good', [{ type: 'text', text: 'Hi' }], ''],
    ['bad', [{ type: 'text' }], '(The request has 99999 further faults.)'],
  ])('reads 100,000 %s messages in linear time', (_title, content, tail) => {
    const messages = Array.from({ length: 100_000 }, () => ({ role: 'user', content }));
    const start = performance.now();
    const message = findFault({ model: 'chat', messages })?.message ?? '';
    // Takes about 0.2 s; in quadratic time it would be hours.
    expect(performance.now() - start).toBeLessThan(30_000);
    expect(message.slice(-tail.length || Infinity)).toBe(tail);
  });

  it('throws only InvalidRequestError, for any JSON', () => {
    fc.assert(
      fc.property(fc.jsonValue(), (body) => {
        expect(findFault(body)?.status ?? 400).toBe(400);
      }),
    );
  });

  it('returns the same object, unchanged, or refuses it with a path into it', () => {
    const names = ['role', 'content', 'type', 'tools', 'stop', 'messages', 'model', 'n', 'tool_calls', 'function'];
    const { value } = fc.letrec((tie) => ({
      value: fc.oneof(
        { depthSize: 'small' },
        fc.constantFrom('user', 'assistant', 'tool', 'text', 'image_url', 'function', 'json_schema', '__proto__'),
        fc.constantFrom(null, 0, 1, -1, 1e300, true, ''),
        fc.array(tie('value'), { maxLength: 3 }),
        fc.dictionary(fc.constantFrom(...names, 'image_url', 'name', 'response_format', 'constructor'), tie('value'), {
          noNullPrototype: true,
        }),
      ),
    }));
    fc.assert(
      fc.property(
        fc.dictionary(fc.constantFrom(...names, 'stream', 'temperature'), value, { noNullPrototype: true }),
        (parameters) => {
          const text = JSON.stringify(request(parameters));
          const body: unknown = JSON.parse(text);
          const fault = findFault(body);
          expect(JSON.stringify(body)).toBe(text);
          expect(fault?.param ?? 'none').toMatch(/^[a-z_]+(\[\d+\]|\.[a-z_]+)*$/);
          expect(fault !== undefined || validateChatCompletionRequest(body) === body).toBe(true);
        },
      ),
      { numRuns: 500 },
    );
  });
});

describe('assertStreamOptionsAllowed', () => {
  it('refuses stream options if the response is not a stream', () => {
    const options = { stream_options: { include_usage: true } };
    expect(() => assertStreamOptionsAllowed(options, true)).not.toThrow();
    expect(() => assertStreamOptionsAllowed({ stream_options: null }, false)).not.toThrow();
    expect(() => assertStreamOptionsAllowed({}, false)).not.toThrow();
    expect(() => assertStreamOptionsAllowed(options, false)).toThrow(
      expect.objectContaining({ status: 400, param: 'stream_options', code: 'invalid_value' }),
    );
  });
});
