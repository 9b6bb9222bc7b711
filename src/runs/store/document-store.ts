/** A part of a document that later requests may name by itself. */
export interface DocumentPart {
  /** Nobody can guess it. */
  readonly id: string;
  readonly json: string;
}

/** What is kept for a client, such as a finished response: JSON that the store does not look into. */
export interface StoredDocument {
  /** What is counted by itself. */
  readonly kind: 'response' | 'inspection';
  /** Nobody can guess it. */
  readonly id: string;
  /** Id of the caller that it belongs to. For all others it does not exist. */
  readonly owner: string;
  /** Milliseconds since the Unix epoch. */
  readonly createdAt: number;
  readonly json: string;
  readonly parts: readonly DocumentPart[];
}

/** How long documents are kept, and how many of one owner. */
export interface DocumentLimits {
  /** Milliseconds. */
  readonly ttlMs: number;
  readonly mostOfOwner: number;
  /** Of JSON, in UTF-16 units. */
  readonly mostLengthOfOwner: number;
}

/** Over a limit, this share of it is kept, so that not every document makes room for itself alone. */
export const KEPT_SHARE = 0.9;

/**
 * Where what outlives a request is kept: as long as the configuration says, and as many as one owner may have; the oldest of an
 * owner go first. Every method rejects with an OverloadedError while the store is away.
 */
export abstract class DocumentStore {
  /** False: nothing is kept, and nothing is found. */
  abstract readonly isOn: boolean;

  /** False: nothing is kept, or the store is known to be away at the moment. */
  abstract readonly canKeep: boolean;

  /**
   * Resolves when the document is kept, in place of one with the same id.
   * @returns false if it is larger than one may be, or nothing is kept at all
   */
  abstract put(document: StoredDocument): Promise<boolean>;

  /** @returns undefined if there is none, it has expired, or it belongs to somebody else */
  abstract find(id: string, owner: string): Promise<Pick<StoredDocument, 'json'> | undefined>;

  /** The JSON of parts, by their ids; without those that the owner does not have. */
  abstract findParts(ids: readonly string[], owner: string): Promise<ReadonlyMap<string, string>>;

  /** Removes a document with its parts. @returns false if the owner has none of this id */
  abstract remove(id: string, owner: string): Promise<boolean>;
}
