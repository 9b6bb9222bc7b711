import { describeValue } from '../kernel/index.js';
import { Ref } from './ref.js';

/** What an option takes, in words that complete "Give …", and whether a value is that. */
export type OptionForm = readonly [form: string, fits: (value: unknown) => boolean];

/** What is wrong with one option, or with all of them at once. */
interface OptionFault {
  /** The option; undefined if what was given is no object. */
  readonly name: string | undefined;
  readonly problem: string;
  /** What the developer should do; undefined: use one of the existing options. */
  readonly fix: string | undefined;
}

/**
 * Reads options, without those that cannot be used: code without types can pass anything, and an option with a misspelt
 * name would have no effect.
 * @param given as the author has written them; undefined: none
 * @param forms all options that there are
 */
export function readOptions(
  given: unknown,
  forms: Readonly<Record<string, OptionForm>>,
): { readonly options: Readonly<Record<string, unknown>>; readonly faults: readonly OptionFault[] } {
  if (given === undefined) return { options: {}, faults: [] };
  if (typeof given !== 'object' || given === null || Array.isArray(given) || given instanceof Ref) {
    const problem = `its options are ${describeGiven(given)}, but they are an object.`;
    return { options: {}, faults: [{ name: undefined, problem, fix: undefined }] };
  }
  const options: Record<string, unknown> = {};
  const faults: OptionFault[] = [];
  for (const [name, value] of Object.entries(given)) {
    const [form, fits] = Object.hasOwn(forms, name) ? (forms[name] as OptionForm) : [];
    if (fits === undefined) {
      faults.push({ name, problem: `it has the option "${name}", which does not exist.`, fix: undefined });
    } else if (value === undefined || fits(value)) {
      options[name] = value;
    } else {
      const problem = `its option "${name}" is ${describeGiven(value)}.`;
      faults.push({ name, problem, fix: `Give ${form}, or leave it out.` });
    }
  }
  return { options, faults };
}

/** Describes in a few words what an author has given. A ref is named as such, because it has no value yet. */
export function describeGiven(value: unknown): string {
  return value instanceof Ref ? 'a ref' : describeValue(value);
}
