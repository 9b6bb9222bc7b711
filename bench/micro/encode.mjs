import { ChunkEncoder } from '../../dist/api/completions/completions.encoder.js';
import { timing } from './timing.mjs';

const CHUNKS = 100_000;
const HEAD = { id: 'chatcmpl-bench', created: 1_767_225_600, model: 'chat', includeUsage: true };

function ours() {
  const encoder = new ChunkEncoder(HEAD);
  let bytes = 0;
  for (let i = 0; i < CHUNKS; i++) bytes += Buffer.byteLength(encoder.delta({ type: 'content', text: `word ${i}` }));
  return bytes;
}

function whole() {
  const { id, created, model } = HEAD;
  let bytes = 0;
  for (let i = 0; i < CHUNKS; i++) {
    const delta = { content: `word ${i}` };
    const choices = [{ index: 0, delta, finish_reason: null }];
    const chunk = { id, object: 'chat.completion.chunk', created, model, choices, usage: null };
    bytes += Buffer.byteLength(`data: ${JSON.stringify(chunk)}\n\n`);
  }
  return bytes;
}

/** A delta to its frame, against serialising the whole chunk each time. */
export async function encode({ rounds } = {}) {
  const common = { part: 'encode', items: CHUNKS, rounds };
  return [
    await timing({ ...common, name: 'ChunkEncoder', call: ours }),
    await timing({ ...common, name: 'JSON.stringify of the whole chunk', call: whole }),
  ];
}
