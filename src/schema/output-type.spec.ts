import { describe, expect, it } from '@jest/globals';
import { IsString } from 'class-validator';
import { expectTypeOf } from 'expect-type';
import { isStructured, type OutputClass, type OutputOf, type OutputType } from './output-type.js';

class Reply {
  @IsString() text: string;
}

describe('isStructured', () => {
  it('tells a class from plain text', () => {
    expect(isStructured(Reply)).toBe(true);
    expect(isStructured(String)).toBe(false);
  });

  it('narrows the type', () => {
    const narrowed = (type: OutputType<Reply>): OutputClass<Reply> | StringConstructor => {
      if (isStructured(type)) {
        expectTypeOf(type).toEqualTypeOf<OutputClass<Reply>>();
        return type;
      }
      expectTypeOf(type).toEqualTypeOf<StringConstructor>();
      return type;
    };
    expect(narrowed(Reply)).toBe(Reply);
    expect(narrowed(String)).toBe(String);
  });

  it('knows the value behind a type', () => {
    expectTypeOf<OutputOf<StringConstructor>>().toEqualTypeOf<string>();
    expectTypeOf<OutputOf<typeof Reply>>().toEqualTypeOf<Reply>();
  });
});
