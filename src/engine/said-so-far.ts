import { assertNever } from '../kernel/index.js';
import { countCharacters, type Delta } from '../streaming/index.js';
import { measureLength } from './measure-length.js';
import { NumberedCalls } from './numbered-calls.js';
import type { AudioState } from './one-audio.js';
import type { DeltaEvent } from './run-event.js';
import type { StepCheckpoint } from './step-checkpoint.js';

/** What readers have received of a run, as far as it decides what the run emits next. */
export interface SaidSoFar {
  /** Key of the step whose content came last. */
  readonly lastSpeaker: string | undefined;
  /** Length of the content in Unicode code points, and of the part before the last speaking step. */
  readonly contentLength: number;
  readonly contentBefore: number;
  /** Length of the whole output in characters. */
  readonly saidLength: number;
  /** How many tool calls there are, and their ids. */
  readonly calls: number;
  readonly callIds: readonly string[];
  /** How many ids and names of tool calls were sent. */
  readonly marks: number;
  readonly audio: AudioState;
}

export const NOTHING_SAID: SaidSoFar = {
  lastSpeaker: undefined,
  contentLength: 0,
  contentBefore: 0,
  saidLength: 0,
  calls: 0,
  callIds: [],
  marks: 0,
  audio: { node: undefined, id: undefined, hasExpiry: false },
};

/**
 * Adds a delta to what readers have received.
 * @param separator text between the content of two steps
 */
export function addSaid(
  before: SaidSoFar,
  { node, delta }: Pick<DeltaEvent, 'node' | 'delta'>,
  separator: string,
): SaidSoFar {
  const saidLength = before.saidLength + measureLength(delta);
  switch (delta.type) {
    case 'content': {
      const isNew = before.lastSpeaker !== node;
      const setOff = isNew && before.lastSpeaker !== undefined ? countCharacters(separator) : 0;
      return {
        ...before,
        saidLength,
        lastSpeaker: node,
        contentBefore: isNew ? before.contentLength + setOff : before.contentBefore,
        contentLength: before.contentLength + countCharacters(delta.text),
      };
    }
    case 'tool-call': {
      const calls = Math.max(before.calls, delta.index + 1);
      const callIds = delta.id === undefined ? before.callIds : [...before.callIds, delta.id];
      const marks = before.marks + (delta.id === undefined ? 0 : 1) + (delta.name === undefined ? 0 : 1);
      return { ...before, saidLength, calls, callIds, marks };
    }
    case 'audio': {
      const { id, expiresAt } = delta;
      const { audio } = before;
      const hasExpiry = audio.hasExpiry || expiresAt !== undefined;
      return { ...before, saidLength, audio: { node: audio.node ?? node, id: audio.id ?? id, hasExpiry } };
    }
    case 'reasoning':
    case 'refusal':
    case 'annotations':
    case 'images':
    case 'mcp':
      return { ...before, saidLength };
    default:
      return assertNever(delta);
  }
}

/**
 * Whether the lengths of deltas of this channel show that all of them were received. False for audio: its form depends
 * on earlier output, and it has no text to compare.
 */
const IS_COUNTED: Readonly<Record<Delta['type'], boolean>> = {
  content: true,
  reasoning: true,
  refusal: true,
  'tool-call': true,
  annotations: true,
  images: true,
  audio: false,
  mcp: true,
};

/**
 * True if readers have received everything that a finished step had buffered for its turn. In doubt it is false, and
 * the step's output is sent again.
 * @param before what they had received before its turn
 * @param now what they have received since, of this step alone
 */
export function hasSaidAll(
  before: SaidSoFar,
  now: SaidSoFar,
  { node, unsaid = [] }: StepCheckpoint,
  separator: string,
): boolean {
  if (unsaid.some(({ type }) => !IS_COUNTED[type])) return false;
  const calls = new NumberedCalls({ toolCallId: () => 'any' }, before);
  const whole = unsaid.reduce((soFar, delta) => {
    const told = delta.type === 'tool-call' ? calls.take(node, delta) : delta;
    return addSaid(soFar, { node, delta: told }, '');
  }, before);
  const hasContent = unsaid.some((delta) => delta.type === 'content' && delta.text !== '');
  const setOff = hasContent && before.lastSpeaker !== undefined && before.lastSpeaker !== node ? separator.length : 0;
  return now.saidLength === whole.saidLength + setOff && now.marks === whole.marks;
}
