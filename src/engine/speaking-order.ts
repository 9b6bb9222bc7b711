import { type Delta, mergeDeltas, weighDelta } from '../streaming/index.js';

/** The node whose deltas are sent. */
export interface Speaker {
  /** Key of the node. */
  readonly node: string;
  readonly debounceMs: number | undefined;
}

/** Takes each delta once it may be sent. */
type Speak = (speaker: Speaker, delta: Delta) => void;

/** Most bytes of a step's deltas that are buffered while earlier steps still speak; then the step waits. */
const MOST_KEPT_BYTES = 1024 * 1024;

/**
 * The place of a step in the order in which the steps of a run speak. Steps run in parallel, but their text must reach the
 * client in the order in which the workflow declares them. The deltas of a later step are kept, up to a bound, until the
 * earlier ones have closed.
 *
 * A step that holds others (a route, a nested workflow) gives each of them a place inside its own.
 */
export class SpeakingOrder {
  readonly #speak: Speak;
  readonly #parent: SpeakingOrder | undefined;
  #children: readonly SpeakingOrder[] = [];
  /** Index of the child that may speak now. */
  #current = 0;
  #isLive: boolean;
  #isClosed = false;
  /** Created with the first buffered delta, like the list of waiting steps. */
  #kept: { readonly speaker: Speaker; delta: Delta }[] | undefined;
  #keptBytes = 0;
  #waiting: (() => void)[] | undefined;

  constructor(speak: Speak, parent?: SpeakingOrder) {
    this.#speak = speak;
    this.#parent = parent;
    this.#isLive = parent === undefined;
  }

  /** True while another delta can be taken without waiting. */
  get hasRoom(): boolean {
    return this.#isLive || this.#keptBytes < MOST_KEPT_BYTES;
  }

  /** The buffered deltas, in order. */
  get unsaid(): readonly Delta[] {
    return this.#kept?.map(({ delta }) => delta) ?? [];
  }

  /** Adds a place inside this one, after the existing ones. */
  addChild(): SpeakingOrder {
    const child = new SpeakingOrder(this.#speak, this);
    // Not pushed: a push reserves room for 16 more in each open run.
    this.#children = this.#children.concat(child);
    child.#isLive = this.#isLive && this.#children[this.#current] === child;
    return child;
  }

  say(speaker: Speaker, delta: Delta): void {
    if (this.#isLive) {
      this.#speak(speaker, delta);
      return;
    }
    this.#keptBytes += weighDelta(delta, MOST_KEPT_BYTES);
    // Joined, because they will be sent together anyway.
    const kept = (this.#kept ??= []);
    const last = kept.at(-1);
    const merged = last?.speaker.node === speaker.node ? mergeDeltas(last.delta, delta) : undefined;
    if (last !== undefined && merged !== undefined) last.delta = merged;
    else kept.push({ speaker, delta });
  }

  /** Resolves when another delta can be taken. It never rejects: a caller that can be aborted must race it. */
  waitForRoom(): Promise<void> {
    return this.hasRoom ? Promise.resolve() : new Promise((resume) => (this.#waiting ??= []).push(resume));
  }

  /** Marks the step as done; the next one may speak. */
  close(): void {
    if (this.#isClosed) return;
    this.#isClosed = true;
    if (this.#isLive && this.#parent !== undefined) this.#parent.#advance();
  }

  #advance(): void {
    for (;;) {
      const current = this.#children[this.#current];
      if (current === undefined) return;
      if (!current.#isLive) current.#goLive();
      if (!current.#isClosed) return;
      this.#current++;
    }
  }

  #goLive(): void {
    this.#isLive = true;
    const kept = this.#kept ?? [];
    this.#kept = undefined;
    for (const { speaker, delta } of kept) this.#speak(speaker, delta);
    const waiting = this.#waiting ?? [];
    this.#waiting = undefined;
    for (const resume of waiting) resume();
    this.#advance();
  }
}
