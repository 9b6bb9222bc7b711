import type { LoggerService } from '@nestjs/common';

/**
 * Most bytes that may wait to be written to one output. If more wait, the output is not being read, and further lines
 * are dropped.
 */
const MOST_WAITING_BYTES = 1024 * 1024;

type WriteCallback = (error?: Error | null) => void;

/**
 * Guards standard output and standard error for everything that writes to them. If the reader has gone, the disk is
 * full or the pipe is not read, lines are lost, but the process continues and its memory stays bounded.
 */
export class OutputGuard {
  #logger: LoggerService | undefined;
  #droppedLines = 0;

  constructor() {
    this.#guard(process.stdout, 'standard output');
    this.#guard(process.stderr, 'standard error');
  }

  /** How many writes were lost since the start. A log line counts as one, and so does a stack. */
  get droppedLines(): number {
    return this.#droppedLines;
  }

  /** Tells the logger when lines begin to be lost, and how many were lost once there is room again. */
  reportTo(logger: LoggerService): void {
    this.#logger = logger;
  }

  #guard(stream: NodeJS.WriteStream, name: string): void {
    /** Lines that were dropped since the last one that was written. */
    let lost = 0;
    const drop = (reason: string): void => {
      this.#droppedLines++;
      lost++;
      // Written to the other output. If that one is lost, too, it cannot be reported.
      if (lost === 1 && stream === process.stdout) {
        this.#logger?.error(`Log lines are dropped: ${name} cannot be written (${reason})`, undefined, 'Log');
      }
    };
    const onWritten: WriteCallback = (error) => {
      if (error) {
        drop('code' in error ? String(error.code) : error.name);
      } else if (lost > 0) {
        const lines = lost;
        lost = 0;
        this.#logger?.warn(`${lines} log lines were dropped: ${name} could not be written`, 'Log');
      }
    };
    // The callback of the write that failed gets each error as well.
    stream.on('error', () => undefined);
    const write = stream.write.bind(stream) as (
      chunk: Uint8Array | string,
      encoding: BufferEncoding,
      cb: WriteCallback,
    ) => boolean;
    const guardedWrite = (
      chunk: Uint8Array | string,
      encoding?: BufferEncoding | WriteCallback,
      callback?: WriteCallback,
    ): boolean => {
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
    stream.write = guardedWrite;
  }
}
