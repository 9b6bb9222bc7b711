import { jest } from '@jest/globals';

/** One line of a log in JSON. */
export type LogLine = Readonly<Record<string, unknown>>;

/** The complete JSON lines of a log from one part of the service. */
export function readLogLines(log: string, context: string): readonly LogLine[] {
  return log
    .split('\n')
    .slice(0, -1)
    .filter((line) => line.startsWith('{'))
    .map((line) => JSON.parse(line) as LogLine)
    .filter((line) => line['context'] === context);
}

/** Captures the standard streams of this process until it is stopped, or until jest restores its mocks. */
export class LogCapture {
  #text = '';
  readonly #spies = [process.stdout, process.stderr].map((stream) =>
    jest.spyOn(stream, 'write').mockImplementation((bytes) => {
      this.#text += String(bytes);
      return true;
    }),
  );

  /** The whole text so far. */
  get text(): string {
    return this.#text;
  }

  /** The JSON lines of one part of the service, `Access` for instance. */
  lines(context: string): readonly LogLine[] {
    return readLogLines(this.#text, context);
  }

  stop(): void {
    for (const spy of this.#spies) spy.mockRestore();
  }
}
