import { type Delta, mergeDeltas, weighDelta } from '../streaming/index.js';

/** Who says something. */
export interface Speaker {
  /** Key of the node. */
  readonly node: string;
  readonly debounceMs: number | undefined;
}

/** Where what is said goes when its turn has come. */
export type Speak = (speaker: Speaker, delta: Delta) => void;

/** How much of what a step says before its turn has come is kept, in bytes of memory; then it waits. */
const ROOM = 1024 * 1024;

/**
 * A place in the order in which the steps of a run speak. Steps run in parallel, but their text must reach the client in
 * the order in which the workflow declares them: what a later one says before its turn is kept, up to a bound.
 *
 * A turn belongs to a step; a step that holds others (a branch, a nested workflow) gives each a turn inside its own.
 */
export class SpeakingOrder {
  readonly #speak: Speak;
  readonly #parent: SpeakingOrder | undefined;
  readonly #children: SpeakingOrder[] = [];
  /** Index of the child whose turn it is. */
  #current = 0;
  #isLive: boolean;
  #isClosed = false;
  #kept: { readonly speaker: Speaker; delta: Delta }[] = [];
  #keptBytes = 0;
  #waiting: (() => void)[] = [];

  constructor(speak: Speak, parent?: SpeakingOrder) {
    this.#speak = speak;
    this.#parent = parent;
    this.#isLive = parent === undefined;
  }

  /** True while more can be said at once. */
  get hasRoom(): boolean {
    return this.#isLive || this.#keptBytes < ROOM;
  }

  /** A turn inside this one, after those that it holds already. */
  child(): SpeakingOrder {
    const child = new SpeakingOrder(this.#speak, this);
    this.#children.push(child);
    child.#isLive = this.#isLive && this.#children[this.#current] === child;
    return child;
  }

  say(speaker: Speaker, delta: Delta): void {
    if (this.#isLive) {
      this.#speak(speaker, delta);
      return;
    }
    this.#keptBytes += weighDelta(delta, ROOM);
    // Joined, since they will be said in one breath anyway.
    const last = this.#kept.at(-1);
    const merged = last?.speaker.node === speaker.node ? mergeDeltas(last.delta, delta) : undefined;
    if (last !== undefined && merged !== undefined) last.delta = merged;
    else this.#kept.push({ speaker, delta });
  }

  /** Resolves when more can be said. It never rejects: whoever may be aborted meanwhile must race it. */
  room(): Promise<void> {
    return this.hasRoom ? Promise.resolve() : new Promise((resume) => this.#waiting.push(resume));
  }

  /** The step has said all it had to say. */
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
    const kept = this.#kept;
    this.#kept = [];
    for (const { speaker, delta } of kept) this.#speak(speaker, delta);
    const waiting = this.#waiting;
    this.#waiting = [];
    for (const resume of waiting) resume();
    this.#advance();
  }
}
