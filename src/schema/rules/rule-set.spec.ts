import { describe, expect, it } from '@jest/globals';
import { IsInt, IsOptional, IsString, Max, Min, registerDecorator, ValidateIf, ValidateNested } from 'class-validator';
import { OrAbsent, OrNull, OrString } from './decorators.js';
import { compileRuleSet } from './rule-set.js';

class Example {
  @IsInt()
  @Min(1)
  @Max(9)
  required: number;

  @IsOptional()
  @IsString()
  optional?: string | null;

  @OrNull()
  @IsString()
  nullable: string | null;

  @OrAbsent()
  @OrString('auto')
  @IsInt({ message: 'say a number', context: { code: 'own_code' } })
  absent?: number | 'auto';
}

class Inheriting extends Example {
  @IsString()
  own: string;
}

describe('compileRuleSet', () => {
  it('keeps properties and checks in the order of the source', () => {
    const { properties } = compileRuleSet(Example);
    expect(properties.map(({ name }) => name)).toEqual(['required', 'optional', 'nullable', 'absent']);
    expect(properties[0]?.checks.map(({ name }) => name)).toEqual(['isInt', 'min', 'max']);
  });

  it('knows which properties may be absent or null', () => {
    expect(compileRuleSet(Example).properties.map(({ optional, nullable }) => [optional, nullable])).toEqual([
      [false, false],
      [true, true],
      [false, true],
      [true, false],
    ]);
  });

  it('keeps alternatives, messages and codes', () => {
    const rule = compileRuleSet(Example).properties[3];
    expect(rule?.orString).toEqual(['auto']);
    expect(rule?.checks[0]).toMatchObject({ message: 'say a number', code: 'own_code' });
  });

  it('compiles a class once, with the rules that it inherits', () => {
    expect(compileRuleSet(Inheriting)).toBe(compileRuleSet(Inheriting));
    expect(compileRuleSet(Inheriting).properties.map(({ name }) => name)).toContain('required');
  });

  it('refuses rules that it cannot compile', () => {
    class Conditional {
      @ValidateIf(() => true)
      @IsInt()
      value: number;
    }
    class Asynchronous {
      value: number;
    }
    registerDecorator({
      target: Asynchronous,
      propertyName: 'value',
      name: 'slow',
      async: true,
      validator: { validate: () => Promise.resolve(true) },
    });
    class ComputedMessage {
      @IsInt({ message: () => 'words' })
      value: number;
    }
    class Untyped {
      @ValidateNested()
      value: object;
    }
    expect(() => compileRuleSet(Conditional)).toThrow('Conditional.value has a condition');
    expect(() => compileRuleSet(Asynchronous)).toThrow('Asynchronous.value has a rule that cannot be run here');
    expect(() => compileRuleSet(ComputedMessage)).toThrow('ComputedMessage.value: give the message as a string');
    expect(() => compileRuleSet(Untyped)).toThrow('Untyped.value is nested: declare its class with @Type');
  });
});
