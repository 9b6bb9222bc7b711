import type { Bench } from './app.js';
import type { HttpResponse } from './http-client.js';
import { scriptStream, tokens } from './upstream/index.js';
import { type WaitingSegment, WAITING_DOORS, type WaitingDoor } from './waiting-doors.js';
import { ANN } from './callers.js';

export const [, WHOLE_CHAT, , WHOLE_RESPONSES] = WAITING_DOORS as readonly [
  WaitingDoor,
  WaitingDoor,
  WaitingDoor,
  WaitingDoor,
];

/**
 * The id of the only call in a segment.
 * @throws Error if there is no call, or more than one
 */
export function findCall({ calls }: WaitingSegment): string {
  const [call, ...others] = calls;
  if (call === undefined || others.length > 0) throw new Error(`There are ${calls.length} calls`);
  return call.id;
}

/** A client of the example `approval` through one door. */
interface UsedDoor {
  readonly post: (body: object, headers?: Record<string, string>) => Promise<HttpResponse>;
  /** Sends a request, which must succeed, and reads its segment. */
  readonly tell: (body: object) => Promise<WaitingSegment>;
  /** Starts a run, which writes a draft and waits. */
  readonly begin: () => Promise<WaitingSegment>;
  /** Sends the output of the only call, and reads the segment that follows. */
  readonly close: (before: WaitingSegment, value?: unknown) => Promise<WaitingSegment>;
}

/** @param getBench returns the bench on use, because tests name their doors before they make it */
export function useDoor(getBench: () => Bench, door: WaitingDoor): UsedDoor {
  const post: UsedDoor['post'] = (body, headers = ANN) =>
    door.post(getBench().app, { model: 'approval', ...body }, headers);
  const tell = async (body: object): Promise<WaitingSegment> => door.read(await post(body), body);
  return {
    post,
    tell,
    begin: () => {
      getBench().upstream.next(scriptStream(['A ', 'draft.'], { usage: tokens(3, 4) }));
      return tell(door.say('Announce the picnic'));
    },
    close: (before, value = { approved: true }) => {
      getBench().upstream.next(scriptStream(['It goes', ' out.'], { usage: tokens(5, 6) }));
      return tell(door.give(before, [{ id: findCall(before), value }]));
    },
  };
}
