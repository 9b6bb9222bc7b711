/**
 * Puts off drawing to the next animation frame, however often it is requested. When drawing takes long, the frames in
 * between are left out, so that reading the stream gets most of the time.
 */
export class Frame {
  #isAsked = false;
  #restUntil = 0;

  /** @param {() => void} draw */
  constructor(draw) {
    this.draw = draw;
  }

  ask() {
    if (this.#isAsked) return;
    this.#isAsked = true;
    requestAnimationFrame((now) => this.#next(now));
  }

  /** @param {number} now */
  #next(now) {
    if (now < this.#restUntil) {
      requestAnimationFrame((later) => this.#next(later));
      return;
    }
    this.#isAsked = false;
    const begun = performance.now();
    this.draw();
    this.#restUntil = performance.now() + 3 * Math.max(performance.now() - begun - 4, 0);
  }
}
