import type { RunAttempt } from './log-batch.js';

/** A part of a document that later requests can refer to. */
interface DocumentPart {
  /** Cannot be guessed. */
  readonly id: string;
  readonly json: string;
}

/** A stored object of a client, such as a finished response: JSON that the store does not parse. */
export interface StoredDocument {
  /** The kind of object, by which stored documents are counted. */
  readonly kind: string;
  /** Cannot be guessed. */
  readonly id: string;
  /** Id of the caller who owns it. For all others it does not exist. */
  readonly owner: string;
  /** Milliseconds since the Unix epoch. */
  readonly createdAt: number;
  readonly json: string;
  readonly parts: readonly DocumentPart[];
  /**
   * The attempt whose end the document describes. Nothing is stored if its run has ended or was removed, or if another
   * attempt has begun: the run then ends in another way. Absent: it is always stored.
   */
  readonly attempt?: RunAttempt;
}

/**
 * The outcome of storing a document. `refused`: it is too large, or nothing is stored at all. `overtaken`: its attempt
 * has ended, or is no longer the newest one of its run.
 */
export type PutVerdict = 'kept' | 'refused' | 'overtaken';

/** How long documents are kept, and how many for one owner. */
export interface DocumentLimits {
  /** Milliseconds. */
  readonly ttlMs: number;
  readonly mostOfOwner: number;
  /** Length of the JSON, in UTF-16 units. */
  readonly mostLengthOfOwner: number;
}

/** Above a limit, documents are removed down to this share of it, so that not every new document has to remove one. */
export const KEPT_SHARE = 0.9;

/**
 * Stores documents that outlive a request: for as long as the configuration says, and as many as one owner may have;
 * the owner's oldest are removed first. Every method rejects with an OverloadedError while the store is unavailable.
 */
export abstract class DocumentStore {
  readonly #stored = new Map<string, number>();

  /** False: nothing is stored or found. */
  abstract readonly isOn: boolean;

  /** False: nothing is stored, or the store is known to be unavailable at the moment. */
  abstract readonly canKeep: boolean;

  /** Resolves when the document is stored, in place of one with the same id. */
  async put(document: StoredDocument): Promise<PutVerdict> {
    const verdict = await this.write(document);
    if (verdict === 'kept') this.#stored.set(document.kind, this.countStored(document.kind) + 1);
    return verdict;
  }

  /** How many documents of a kind were stored so far. */
  countStored(kind: string): number {
    return this.#stored.get(kind) ?? 0;
  }

  protected abstract write(document: StoredDocument): Promise<PutVerdict>;

  /** @returns undefined if there is none, it has expired, or it belongs to somebody else */
  abstract find(id: string, owner: string): Promise<Pick<StoredDocument, 'json'> | undefined>;

  /** The JSON of parts, by their ids; without those that the owner does not have. */
  abstract findParts(ids: readonly string[], owner: string): Promise<ReadonlyMap<string, string>>;

  /**
   * Removes a document with its parts.
   * @returns false if the owner has none of this id
   */
  abstract remove(id: string, owner: string): Promise<boolean>;
}
