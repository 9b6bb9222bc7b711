/**
 * Text that occurs in the logs and steps of most runs, the most frequent last. With it, short texts are packed to a
 * third of what they would take without. It must never change: text packed with it cannot be read with another one.
 */
export const PACKING_DICTIONARY = [
  '{"model":"","systemFingerprint":"fp_","serviceTier":"default"}{"type":"model-identified","identity":{"model":"gpt-',
  '{"type":"object","properties":{"":{"description":"","type":"boolean"},"":{"type":["string","null"]},"":{"type":"integer"},',
  '"":{"type":"array","items":{"type":"string"}}},"required":["","additionalProperties":false}',
  '{"request":{"model":"","messages":[{"role":"system","content":"},{"role":"assistant","content":"},{"role":"user","content":"',
  '"}],"parameters":{"temperature":}},"memo":{},"origin":{"requestId":"req_","traceId":"","user":"","streamed":false},',
  '"wantsContent":true,"endsWhenLeft":false,"workflowHash":"',
  '{"node":"","output":{"value":"","usage":{"prompt_tokens":,"completion_tokens":,"total_tokens":},',
  '"finishReason":"tool_calls","finishReason":"stop","index":0,"fingerprint":"agent-streaming visible"}',
  '[{"type":"run-started","seq":0,"at":17,"traceId":"","graph":"',
  '{"type":"run-waiting","waits":[{"name":"","node":"","callId":"call_","shown":{"draft":"","schema":,"askedAt":17,"expiresAt":17}],"contentLength":',
  '{"type":"run-resumed","epoch":2,"at":17,"graph":"{"type":"node-restarted","from":,"to":{"type":"node-failed","error":{"status":500,"code":"',
  '"},{"type":"node-started","node":"","kind":"agent-structured","kind":"function","kind":"agent-streaming","visible":false,"visible":true,"seq":1,"at":17',
  '},{"type":"node-finished","node":"","visible":true,"elapsedMs":,"output":"","usage":{"prompt_tokens":,"completion_tokens":,"total_tokens":},"finishReason":"stop","seq":,"at":17',
  '{"type":"run-finished","finishReason":"stop","contentLength":,"usage":{"prompt_tokens":,"completion_tokens":,"total_tokens":},"seq":,"at":17',
  '},{"type":"delta","seq":,"node":"answer","delta":{"type":"reasoning","text":" "},"at":17',
  '},{"type":"delta","seq":1,"node":"draft","delta":{"type":"content","text":" the "},"at":17',
].join('');

/** Most characters of a text that this process packs. Longer ones take too long and are left to the database. */
export const LONGEST_PACKED = 64 * 1024;
