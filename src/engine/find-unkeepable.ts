import { StepOutputTooLargeError } from '../errors/index.js';
import { describeKind } from '../kernel/index.js';

/** Most bytes of JSON in one checkpoint. */
export const MOST_KEPT_BYTES = 1024 * 1024;
/** Far deeper than any data of authors, and far from a stack overflow. */
const DEEPEST = 200;

/**
 * Finds what JSON would leave out or change in a value. An undefined property is fine: it reads the same when it is
 * missing.
 * @param node key of the step that gave the value
 * @returns what it is and where, or undefined if JSON holds all of it
 * @throws StepOutputTooLargeError if it holds so many values that its JSON must be too large
 */
export function findUnkeepable(value: unknown, node: string): string | undefined {
  return new KeepableCheck(node).find(value, '', 0);
}

class KeepableCheck {
  readonly #node: string;
  /** Each value takes at least one byte. The same object in many places counts as often. */
  #left = MOST_KEPT_BYTES;

  constructor(node: string) {
    this.#node = node;
  }

  find(value: unknown, path: string, depth: number): string | undefined {
    if (--this.#left < 0) throw new StepOutputTooLargeError(this.#node, MOST_KEPT_BYTES);
    switch (typeof value) {
      case 'string':
      case 'boolean':
        return undefined;
      case 'number':
        return Number.isFinite(value) ? undefined : describePlace(`it is ${value}`, path);
      case 'object':
        if (value === null) return undefined;
        if (depth > DEEPEST) return 'it is nested too deeply, or contains itself';
        if (Array.isArray(value)) return this.#findInItems(value, path, depth);
        return isPlain(value)
          ? this.#findInProperties(value, path, depth)
          : describePlace(`it is ${describeInstance(value)}`, path);
      default:
        return describePlace(`it is ${describeKind(value)}`, path);
    }
  }

  #findInItems(items: readonly unknown[], path: string, depth: number): string | undefined {
    for (let index = 0; index < items.length; index++) {
      const found = this.find(items[index], `${path}[${index}]`, depth + 1);
      if (found !== undefined) return found;
    }
    return undefined;
  }

  #findInProperties(holder: object, path: string, depth: number): string | undefined {
    for (const [name, value] of Object.entries(holder)) {
      if (value === undefined) continue;
      const found = this.find(value, path === '' ? name : `${path}.${name}`, depth + 1);
      if (found !== undefined) return found;
    }
    return undefined;
  }
}

function describePlace(what: string, path: string): string {
  return path === '' ? what : `at "${path.slice(0, 200)}" ${what}`;
}

function describeInstance(value: object): string {
  const maker: unknown = (Object.getPrototypeOf(value) as { readonly constructor?: unknown } | null)?.constructor;
  return typeof maker === 'function' && maker.name !== '' ? `an instance of ${maker.name}` : 'an object of a class';
}

/** An object of a class would come back without its class. */
function isPlain(value: object): boolean {
  const prototype: unknown = Object.getPrototypeOf(value);
  // Not compared with Object.prototype, which is another one in each of Node's contexts.
  return prototype === null || (Object.getPrototypeOf(prototype) === null && !('toJSON' in value));
}
