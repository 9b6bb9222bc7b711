import type { LoggerService } from '@nestjs/common';

/** How much may wait to be written to one output, in bytes. More means that nobody reads it: what comes then is dropped. */
const MOST_WAITING_BYTES = 1024 * 1024;

type Written = (error?: Error | null) => void;

/**
 * Guards standard output and standard error, for all that write to them. A reader that has gone, a full disk or a pipe that
 * nobody empties costs lines, never the process and never its memory.
 */
export class OutputGuard {
  #logger: LoggerService | undefined;
  #droppedLines = 0;

  constructor() {
    this.#guard(process.stdout, 'standard output');
    this.#guard(process.stderr, 'standard error');
  }

  /** How many writes were lost since the start; a line of the log is one, and so is a stack. */
  get droppedLines(): number {
    return this.#droppedLines;
  }

  /** Has the logger say that lines are lost, and how many were once there is room again. */
  reportTo(logger: LoggerService): void {
    this.#logger = logger;
  }

  #guard(stream: NodeJS.WriteStream, name: string): void {
    /** Dropped since a line was written last. */
    let lost = 0;
    const drop = (reason: string): void => {
      this.#droppedLines++;
      lost++;
      // On the other output; if that is lost, too, nobody is left to be told.
      if (lost === 1 && stream === process.stdout) {
        this.#logger?.error(`Log lines are dropped: ${name} cannot be written (${reason})`, undefined, 'Log');
      }
    };
    const onWritten: Written = (error) => {
      if (error) {
        drop('code' in error ? String(error.code) : error.name);
      } else if (lost > 0) {
        const lines = lost;
        lost = 0;
        this.#logger?.warn(`${lines} log lines were dropped: ${name} could not be written`, 'Log');
      }
    };
    // Each error is told to the write that failed, too.
    stream.on('error', () => undefined);
    const write = stream.write.bind(stream) as (
      chunk: Uint8Array | string,
      encoding: BufferEncoding,
      cb: Written,
    ) => boolean;
    const guarded = (chunk: Uint8Array | string, encoding?: BufferEncoding | Written, callback?: Written): boolean => {
      const told = typeof encoding === 'function' ? encoding : callback;
      if (stream.writableLength + chunk.length > MOST_WAITING_BYTES) {
        drop('nobody reads it');
        if (told !== undefined) process.nextTick(told);
        return false;
      }
      const charset = typeof encoding === 'string' ? encoding : 'utf8';
      return write(
        chunk,
        charset,
        told === undefined
          ? onWritten
          : (error) => {
              onWritten(error);
              told(error);
            },
      );
    };
    stream.write = guarded;
  }
}
