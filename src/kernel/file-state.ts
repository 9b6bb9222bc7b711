import { stat } from 'node:fs/promises';

/** Reads a text that changes whenever the file does, whether it is written in place, replaced, or linked elsewhere. Never rejects. */
export async function readFileState(path: string): Promise<string> {
  try {
    const { dev, ino, mtimeNs, size } = await stat(path, { bigint: true });
    return `${dev} ${ino} ${mtimeNs} ${size}`;
  } catch (error) {
    return readErrorCode(error);
  }
}

/** Reads the system's code for why a file cannot be read, such as `ENOENT`. */
export function readErrorCode(error: unknown): string {
  return typeof error === 'object' && error !== null && 'code' in error ? String(error.code) : 'unknown';
}
