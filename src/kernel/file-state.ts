import { stat } from 'node:fs/promises';

/** Changes whenever the file does, whether it is written in place, replaced, or reached by another link. Never rejects. */
export async function readFileState(path: string): Promise<string> {
  try {
    const { dev, ino, mtimeNs, size } = await stat(path, { bigint: true });
    return `${dev} ${ino} ${mtimeNs} ${size}`;
  } catch (error) {
    return readErrorCode(error);
  }
}

/** Why a file cannot be read, in the system's word: `ENOENT`. */
export function readErrorCode(error: unknown): string {
  return typeof error === 'object' && error !== null && 'code' in error ? String(error.code) : 'unknown';
}
