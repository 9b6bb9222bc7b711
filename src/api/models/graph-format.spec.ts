import { describe, expect, it } from '@jest/globals';
import { chooseGraphFormat } from './graph-format.js';

const NOTHING = (): false => false;

describe('the format of a graph', () => {
  it('is the one of the query, whatever the client accepts', () => {
    expect(chooseGraphFormat('svg', () => 'application/json')).toEqual({ format: 'svg', type: 'image/svg+xml' });
    expect(chooseGraphFormat('mermaid', NOTHING)).toEqual({ format: 'mermaid', type: 'text/vnd.mermaid' });
    expect(chooseGraphFormat('json', NOTHING)).toEqual({ format: 'json', type: 'application/json' });
  });

  it('is what the client accepts, and JSON if it accepts none', () => {
    const chooseFor = (type: string) =>
      chooseGraphFormat(undefined, (types) => types.find((known) => known === type) ?? false);
    expect(chooseFor('image/svg+xml').format).toBe('svg');
    expect(chooseFor('text/plain')).toEqual({ format: 'mermaid', type: 'text/plain' });
    expect(chooseFor('application/pdf').format).toBe('json');
  });

  it.each([['png'], [''], ['SVG'], [['svg', 'json']], [{ a: 'svg' }]])('cannot be %j', (asked) => {
    expect(() => chooseGraphFormat(asked, NOTHING)).toThrow(
      expect.objectContaining({ status: 400, param: 'format', code: 'invalid_value' }),
    );
  });
});
