import { describe, expect, it } from '@jest/globals';
import { Exclude, Transform, Type } from 'class-transformer';
import * as validator from 'class-validator';
import { JSONSchema } from 'class-validator-jsonschema';
import { Circle, Source } from '../../test/fixtures/output-classes.js';
import { catchOutputError } from '../../test/support/output-error.js';
import { makeOutputSchema } from './output-schema.js';

@validator.ValidatorConstraint({ async: true })
class IsKnown implements validator.ValidatorConstraintInterface {
  validate(value: unknown): Promise<boolean> {
    return value === 'broken' ? Promise.reject(new Error('the database is gone')) : Promise.resolve(value === 'known');
  }
  defaultMessage(): string {
    return 'is not known';
  }
}

describe('the values that parse drops and keeps', () => {
  class Note {
    @validator.IsString() text: string;
    @validator.IsOptional() @validator.IsString() extra?: string = 'default';
    @validator.IsOptional() @validator.ValidateNested() @Type(() => Source) source?: Source;
    @Exclude() ours: string;
  }
  const notes = makeOutputSchema(Note);

  it('drops properties that the class does not have, at every level', async () => {
    const note = await notes.parse(
      '{"text": "a", "more": 1, "ours": "b", "source": {"title": "s", "page": null, "url": "u"}}',
    );
    expect(JSON.parse(JSON.stringify(note))).toEqual({ text: 'a', extra: 'default', source: { title: 's' } });
  });

  it('reads null as absent, so that defaults stay', async () => {
    expect(await notes.parse('{"text": "a", "extra": null, "source": null}')).toEqual(
      Object.assign(new Note(), { text: 'a', extra: 'default' }),
    );
    expect((await notes.parse('{"text": "a"}')).extra).toBe('default');
  });

  it('is not confused by names that every object has', async () => {
    const text =
      '{"text": "a", "__proto__": {"polluted": 1}, "constructor": {"name": "x"}, "toString": 1, "hasOwnProperty": 2}';
    const note = await notes.parse(text);
    expect(Object.getPrototypeOf(note)).toBe(Note.prototype);
    expect(Object.keys(note)).toEqual(['text', 'extra', 'source', 'ours']);
    expect(({} as Record<string, unknown>)['polluted']).toBeUndefined();
    expect((await catchOutputError(Note, '{"__proto__": {"text": "a"}}')).faults).toEqual(['text: is missing']);
  });

  it('converts only what @Type says, and only from the form of the schema', async () => {
    class Converted {
      @validator.IsDate() @Type(() => Date) at: Date;
      @validator.IsInt() @Type(() => Number) count: number;
      @validator.IsDefined() text: string;
    }
    const converted = await makeOutputSchema(Converted).parse(
      '{"at": "2026-11-23T05:00:00Z", "count": 2, "text": "x"}',
    );
    expect(converted.at).toEqual(new Date('2026-11-23T05:00:00Z'));
    expect((await catchOutputError(Converted, '{"at": 0, "count": "2", "text": 1}')).faults).toEqual([
      'at: must be a string',
      'count: must be a whole number',
      'text: must be a string',
    ]);
    expect((await catchOutputError(Converted, '{"at": "soon", "count": 2, "text": "x"}')).faults).toEqual([
      'at: at must be a Date instance',
    ]);
  });

  it('drops a discriminator that the class does not keep', async () => {
    class Drawing {
      @validator.ValidateNested({ each: true })
      @Type(() => Object, { discriminator: { property: 'kind', subTypes: [{ name: 'circle', value: Circle }] } })
      shapes: Circle[];
    }
    const { shapes: found } = await makeOutputSchema(Drawing).parse('{"shapes": [{"kind": "circle", "radius": 1}]}');
    expect(found[0]).toBeInstanceOf(Circle);
    expect(Object.keys(found[0] ?? {})).toEqual(['radius']);
  });

  it('takes a value that fits one of several forms', async () => {
    class Either {
      @validator.Allow()
      @JSONSchema({ anyOf: [{ type: 'array', items: { type: 'string' } }, { type: 'number' }] })
      it: unknown;
    }
    const { parse } = makeOutputSchema(Either);
    expect((await parse('{"it": ["abc"]}')).it).toEqual(['abc']);
    expect((await parse('{"it": 1}')).it).toBe(1);
    expect((await catchOutputError(Either, '{"it": [1]}')).faults).toEqual(['it: matches none of its forms']);
    expect((await catchOutputError(Either, '{"it": null}')).faults).toEqual(['it: matches none of its forms']);
  });

  it('does not parse an output that would take hundreds of megabytes', async () => {
    class Empty {
      @validator.IsOptional() @validator.IsString() a?: string;
    }
    expect((await catchOutputError(Empty, `{"a": [${'{},'.repeat(1_000_000)}0]}`)).faults).toEqual([
      '$: it holds more than 1000000 values',
    ]);
  });

  it('refuses numbers that are too large to be finite', async () => {
    class Amount {
      @validator.Min(0) amount: number;
    }
    expect((await catchOutputError(Amount, '{"amount": 1e999}')).faults).toEqual([
      expect.stringMatching(/^\$: a number has more/),
    ]);
  });

  it('awaits the asynchronous rules of a class, and throws what they reject with', async () => {
    class Named {
      @validator.IsString() @validator.Validate(IsKnown) name: string;
    }
    expect(await makeOutputSchema(Named).parse('{"name": "known"}')).toBeInstanceOf(Named);
    expect((await catchOutputError(Named, '{"name": "unknown"}')).faults).toEqual(['name: is not known']);
    await expect(makeOutputSchema(Named).parse('{"name": "broken"}')).rejects.toThrow(/^the database is gone$/);
  });

  describe('of asynchronous transforms', () => {
    const isKept = async (text: string): Promise<string> => {
      await Promise.resolve();
      if (text === 'broken') throw new Error('the database is gone');
      return `${text}, kept`;
    };
    class Page {
      @validator.IsString() @Transform(({ value }) => isKept(value as string)) title: string;
    }
    class Book {
      @validator.IsString({ each: true })
      @Transform(({ value }) => (value as string[]).map(isKept))
      words: string[];
      @validator.ValidateNested() @Type(() => Page) page: Page;
    }
    const write = (...words: string[]): string => JSON.stringify({ words, page: { title: words[0] } });

    it('waits for them, wherever they are, before it checks', async () => {
      const book = await makeOutputSchema(Book).parse(write('a', 'b'));
      expect(book).toEqual(
        Object.assign(new Book(), {
          words: ['a, kept', 'b, kept'],
          page: Object.assign(new Page(), { title: 'a, kept' }),
        }),
      );
    });

    it('throws what they reject with, once, and leaves none behind', async () => {
      const unhandled: unknown[] = [];
      const notice = (reason: unknown): void => void unhandled.push(reason);
      process.on('unhandledRejection', notice);
      try {
        await expect(makeOutputSchema(Book).parse(write('broken', 'broken'))).rejects.toThrow(/^the database is gone$/);
        await new Promise((resolve) => setImmediate(resolve));
        expect(unhandled).toEqual([]);
      } finally {
        process.off('unhandledRejection', notice);
      }
    });
  });
});
