import { stat } from 'node:fs/promises';
import { readErrorCode } from './error-code.js';

/** Reads a text that changes whenever the file does, whether it is written in place, replaced, or linked elsewhere. Never rejects. */
export async function readFileState(path: string): Promise<string> {
  try {
    const { dev, ino, mtimeNs, size } = await stat(path, { bigint: true });
    return `${dev} ${ino} ${mtimeNs} ${size}`;
  } catch (error) {
    return readErrorCode(error);
  }
}
