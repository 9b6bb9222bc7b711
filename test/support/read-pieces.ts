import { once } from 'node:events';
import { send } from './http-client.js';

/** The body of a response as the pieces in which it was read, one character per byte. */
export async function readPieces(url: string, request: unknown): Promise<string[]> {
  const response = await send('POST', url, request).response;
  const pieces: string[] = [];
  response.on('data', (piece: Buffer) => pieces.push(piece.toString('latin1')));
  await once(response, 'end');
  return pieces;
}
