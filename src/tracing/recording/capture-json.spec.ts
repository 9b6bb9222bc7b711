import { describe, expect, it } from '@jest/globals';
import { captureJson } from './capture-json.js';

describe('captureJson', () => {
  it('replaces images, audio and files by their type and size', () => {
    const base64 = 'A'.repeat(4_000);
    const content = [
      { type: 'text', text: `See ![x](data:image/png;base64,${base64}) and data:, and data: alone` },
      { type: 'image_url', image_url: { url: `data:image/jpeg;base64,${base64}` } },
      { type: 'input_audio', input_audio: { data: base64, format: 'wav' } },
      { type: 'file', file: { filename: 'a.pdf', file_data: `data:application/pdf;base64,${base64}` } },
      { type: 'data', data: 'A short text is no medium' },
    ];
    expect(JSON.parse(captureJson(content, 1_000_000) ?? 'null')).toEqual([
      { type: 'text', text: 'See ![x](<image/png, about 3000 bytes>) and data:, and data: alone' },
      { type: 'image_url', image_url: { url: '<image/jpeg, about 3000 bytes>' } },
      { type: 'input_audio', input_audio: { data: '<base64, about 3000 bytes>', format: 'wav' } },
      { type: 'file', file: { filename: 'a.pdf', file_data: '<application/pdf, about 3000 bytes>' } },
      { type: 'data', data: 'A short text is no medium' },
    ]);
  });
});
