import type { NestedClass } from './nested-classes.js';
import type { OutputClass } from './output-type.js';

/** Gives each class of a schema its reference. An iteration also visits classes that are added during it. */
export class References {
  readonly #classes = new Map<string, NestedClass>();

  /** @param prefix stands before the name of a class, such as `#/$defs/` */
  constructor(
    readonly prefix: string,
    root: { readonly type: OutputClass; readonly reference?: string },
  ) {
    this.#classes.set(root.reference ?? prefix + makeSchemaName(root.type), { type: root.type });
  }

  /**
   * The reference of a class. As a member of a union a class has a schema of its own, whose discriminator has a single value.
   */
  refer(target: NestedClass): string {
    for (const [reference, known] of this.#classes) {
      const isSameMember =
        known.discriminator?.property === target.discriminator?.property &&
        known.discriminator?.value === target.discriminator?.value;
      if (known.type === target.type && isSameMember) return reference;
    }
    const name = this.prefix + makeSchemaName(target.type);
    let reference = name;
    for (let n = 2; this.#classes.has(reference); n++) reference = `${name}_${n}`;
    this.#classes.set(reference, target);
    return reference;
  }

  /** The name at the end of a reference. */
  readName(reference: string): string {
    return reference.slice(this.prefix.length);
  }

  /** All classes by their references, including those that are added during the iteration. */
  [Symbol.iterator](): MapIterator<[string, NestedClass]> {
    return this.#classes.entries();
  }
}

/** Makes the name of a schema from the name of a class. */
export function makeSchemaName(type: OutputClass): string {
  return cleanSchemaName(type.name);
}

/** Makes a name that OpenAI accepts for a schema: at most 64 letters, digits, `_` and `-`. */
export function cleanSchemaName(name: string): string {
  return name.replaceAll(/[^A-Za-z0-9_-]/g, '_').slice(0, 60) || 'Answer';
}
