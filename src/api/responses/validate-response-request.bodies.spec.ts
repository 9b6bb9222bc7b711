import { describe, expect, it } from '@jest/globals';
import * as fc from 'fast-check';
import { findFault } from '../../../test/support/response-faults.js';
import { validateResponseRequest } from './validate-response-request.js';

describe('validateResponseRequest, for whole bodies,', () => {
  it.each([undefined, null, [], 'text', 5, true])('refuses a body that is no JSON object: %j', (body) => {
    expect(findFault(body)).toMatchObject({ status: 400, param: null, code: null });
  });

  it('refuses a body with thousands of parameters', () => {
    const body = Object.fromEntries(Array.from({ length: 1_001 }, (_, index) => [`p${index}`, 1]));
    expect(findFault(body)).toMatchObject({ status: 400, code: 'invalid_value' });
  });

  it('tells how many faults follow the first', () => {
    expect(findFault({ model: 'chat', input: [{}, { role: 'user' }], temperature: 'x' })?.message).toBe(
      "Invalid type for 'temperature': expected a number, but got a string instead. (The request has 2 further faults.)",
    );
  });

  it('takes the names of prototypes for ordinary keys', () => {
    const text =
      '{"__proto__":{"model":"chat","stream":"yes"},"constructor":1,"model":"chat","input":[{"__proto__":{"role":"x"},' +
      '"role":"user","content":[{"type":"input_text","text":"Hi","__proto__":{"type":1}}]}],"tools":[{"type":"constructor"}]}';
    const body: unknown = JSON.parse(text);
    expect(JSON.stringify(validateResponseRequest(body))).toBe(text);
  });

  it.each([
    ['good', [{ type: 'input_text', text: 'Hi' }], /^none$/],
    ['bad', [{ type: 'input_text' }], /99999 further faults/],
  ])('reads 100,000 %s items in linear time', (_title, content, tail) => {
    const input = Array.from({ length: 100_000 }, () => ({ role: 'user', content }));
    const start = performance.now();
    const fault = findFault({ model: 'chat', input });
    // Takes about 0.2 s; in quadratic time it would be hours.
    expect(performance.now() - start).toBeLessThan(30_000);
    expect(fault?.message ?? 'none').toMatch(tail);
  });

  it('throws nothing but InvalidRequestError, whatever JSON comes', () => {
    fc.assert(
      fc.property(fc.jsonValue(), fc.jsonValue(), fc.jsonValue(), (input, tools, other) => {
        const body = { model: 'chat', input, tools, tool_choice: other, text: other, metadata: other };
        expect(findFault(body)?.status ?? 400).toBe(400);
      }),
    );
  });
});
