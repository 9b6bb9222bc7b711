import { isJsonObject, type JsonObject } from '../../../kernel/index.js';
import type { OpaqueObject } from '../../../streaming/index.js';

/** A parsed citation. */
export interface Citation {
  /** Its start in the run's content, in Unicode code points. */
  readonly place: number;
  /** The annotation of a text that begins at a place of the run's content. */
  readonly make: (start: number) => JsonObject;
}

/**
 * Reads an annotation of a chat model. In this protocol its fields are beside the type.
 * @returns undefined for anything but a citation of a page: clients accept no unknown types
 */
export function readCitation(annotation: OpaqueObject): Citation | undefined {
  if (annotation['type'] !== 'url_citation') return undefined;
  const inner = annotation['url_citation'];
  const { url, title, start_index: first, end_index: last } = isJsonObject(inner) ? inner : annotation;
  if (typeof url !== 'string') return undefined;
  const place = readPlace(first);
  const end = Math.max(place, readPlace(last));
  return {
    place,
    make: (start) => ({
      type: 'url_citation',
      start_index: Math.max(0, place - start),
      end_index: Math.max(0, end - start),
      url,
      title: typeof title === 'string' ? title : '',
    }),
  };
}

function readPlace(value: unknown): number {
  return typeof value === 'number' && Number.isFinite(value) ? Math.max(0, Math.floor(value)) : 0;
}
