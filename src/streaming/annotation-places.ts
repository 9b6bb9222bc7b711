import { isJsonObject } from '../kernel/index.js';
import type { AnnotationsDelta, OpaqueObject } from './delta.js';

/** The names of the two ends of a place in the text. */
const ENDS = ['start_index', 'end_index'] as const;

/** Counts a text in Unicode code points, as annotations do. */
export function countCharacters(text: string): number {
  let characters = text.length;
  for (let i = 1; i < text.length; i++) {
    // A second half makes no character of its own; what has no first half has become U+FFFD.
    if ((text.charCodeAt(i) & 0xfc00) === 0xdc00) characters--;
  }
  return characters;
}

/** Moves the annotations of a text that is `by` code points further on in the whole completion. */
export function moveAnnotations(delta: AnnotationsDelta, by: number): AnnotationsDelta {
  return by === 0 ? delta : mapPlaces(delta, (place) => Math.max(0, place + by));
}

/**
 * Clears the places of annotations whose text is not passed on as the model wrote it. They become 0 and are not removed, because
 * clients expect both ends.
 */
export function clearPlaces(delta: AnnotationsDelta): AnnotationsDelta {
  return mapPlaces(delta, () => 0);
}

function mapPlaces(delta: AnnotationsDelta, change: (place: number) => number): AnnotationsDelta {
  const annotations = delta.annotations.map((annotation) => {
    // OpenAI has the ends in an object by the name of the type, others beside it.
    const name = typeof annotation['type'] === 'string' ? annotation['type'] : '';
    const inner = Object.hasOwn(annotation, name) ? annotation[name] : undefined;
    const changed = mapEnds(annotation, change);
    return isJsonObject(inner) ? { ...changed, [name]: mapEnds(inner, change) } : changed;
  });
  return { ...delta, annotations };
}

function mapEnds(holder: OpaqueObject, change: (place: number) => number): OpaqueObject {
  const ends = ENDS.flatMap((end): [string, number][] => {
    const place = holder[end];
    return typeof place === 'number' ? [[end, change(place)]] : [];
  });
  return ends.length === 0 ? holder : { ...holder, ...Object.fromEntries(ends) };
}
