import type { NestedClass } from './nested-classes.js';
import type { OutputClass } from './output-type.js';

/** Gives each class of a schema its reference, and visits the classes that come up while it does so. */
export class References {
  readonly #classes = new Map<string, NestedClass>();

  /** @param prefix what stands before a class's name, such as `#/$defs/` */
  constructor(
    readonly prefix: string,
    root: { readonly type: OutputClass; readonly reference?: string },
  ) {
    this.#classes.set(root.reference ?? prefix + makeSchemaName(root.type), { type: root.type });
  }

  /** A class as a member of a union is another schema than the class alone: its discriminator has one value only. */
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

  readName(reference: string): string {
    return reference.slice(this.prefix.length);
  }

  /** All classes by their references, including those that get theirs during the iteration. */
  [Symbol.iterator](): MapIterator<[string, NestedClass]> {
    return this.#classes.entries();
  }
}

/** A class's name as the name of a schema. */
export function makeSchemaName(type: OutputClass): string {
  return cleanSchemaName(type.name);
}

/** A name within what OpenAI takes as the name of a schema: letters, digits, `_` and `-`, at most 64. */
export function cleanSchemaName(name: string): string {
  return name.replaceAll(/[^A-Za-z0-9_-]/g, '_').slice(0, 60) || 'Answer';
}
