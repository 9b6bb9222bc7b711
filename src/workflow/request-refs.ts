import type { Flow } from './flow.js';
import { Ref, type Refs } from './ref.js';
import type { RunRequest } from './run-request.js';

/** The properties of every request. */
export const CHAT_REQUEST: readonly string[] = ['model', 'messages', 'parameters'] satisfies (keyof RunRequest)[];

/** The objects that {@link makeRefs} has made. */
const REFS = new WeakSet();

/**
 * Makes the refs to the request of a flow. Any property can be read; its type says which exist.
 * @param onRead called with the name of each property that is read
 */
export function makeRefs<Request>(flow: Flow, onRead: (property: string) => void): Refs<Request> {
  const refs = new Proxy(
    {},
    {
      get: (_, property) => {
        if (typeof property !== 'string') return undefined;
        onRead(property);
        return new Ref(flow, { kind: 'request', property });
      },
      // Passing the request on or spreading it means all of its properties.
      ownKeys: () => [...CHAT_REQUEST],
      getOwnPropertyDescriptor: (_, property) =>
        typeof property === 'string' && CHAT_REQUEST.includes(property)
          ? { configurable: true, enumerable: true, value: new Ref(flow, { kind: 'request', property }) }
          : undefined,
    },
  ) as Refs<Request>;
  REFS.add(refs);
  return refs;
}

/** Whether a value is the refs of a whole request, which cannot be wired as one value. */
export function isRefs(value: object): boolean {
  return REFS.has(value);
}
