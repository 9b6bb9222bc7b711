import { ChunkEncoder } from '../../dist/api/completions/chunk-encoder.js';
import { joinFrames } from '../../dist/api/responses/response-events.js';
import { ResponseEncoder } from '../../dist/api/responses/responses.encoder.js';
import { measureTime } from './timing.mjs';

const CHUNKS = 100_000;
const HEAD = { id: 'chatcmpl-4e1f0c9d8b7a695847362514', created: 1_767_225_600, model: 'chat', includeUsage: true };
const RESPONSE_HEAD = {
  id: 'resp_4e1f0c9d8b7a695847362514',
  created_at: 1_767_225_600,
  model: 'chat',
  background: false,
  store: false,
  service_tier: 'default',
  tools: [],
};

function encodeChunks() {
  const encoder = new ChunkEncoder(HEAD);
  let bytes = 0;
  for (let i = 0; i < CHUNKS; i++) {
    bytes += Buffer.byteLength(encoder.encodeDelta({ type: 'content', text: `word ${i}` }));
  }
  return bytes;
}

function encodeResponse() {
  const encoder = new ResponseEncoder(RESPONSE_HEAD);
  let bytes = Buffer.byteLength(joinFrames(encoder.open()));
  bytes += Buffer.byteLength(encoder.encode({ type: 'run-started', seq: 0 }, Date.now()));
  for (let seq = 1; seq <= CHUNKS; seq++) {
    const event = { type: 'delta', seq, node: 'chat', delta: { type: 'content', text: `word ${seq}` } };
    bytes += Buffer.byteLength(encoder.encode(event, Date.now()));
  }
  bytes += Buffer.byteLength(
    encoder.encode({ type: 'run-finished', seq: CHUNKS + 1, finishReason: 'stop' }, Date.now()),
  );
  return bytes;
}

function encodeWholeChunks() {
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

/**
 * A delta to its frame, against serialising the whole chunk each time; and to the event of a response, with all of its
 * text kept.
 */
export async function measureEncoding({ rounds } = {}) {
  const common = { part: 'encode', items: CHUNKS, rounds };
  return [
    await measureTime({ ...common, name: 'ChunkEncoder', call: encodeChunks }),
    await measureTime({ ...common, name: 'JSON.stringify of the whole chunk', call: encodeWholeChunks }),
    await measureTime({ ...common, name: 'ResponseEncoder', call: encodeResponse }),
  ];
}
