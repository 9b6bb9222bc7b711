import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import { TestApp } from '../support/app.js';
import { getJson } from '../support/http-client.js';
import { assertValidModel, assertValidModelList } from '../support/wire-schema.js';

describe('models and health', () => {
  let app: TestApp;
  beforeAll(async () => {
    app = await TestApp.start();
  });
  afterAll(() => app.close());

  it('lists every id and alias', async () => {
    const { status, json } = await getJson(`${app.baseUrl}/models`);
    assertValidModelList(json);
    expect(status).toBe(200);
    expect(json.data.map(({ id }) => id)).toEqual([
      'chat',
      'streaming',
      'default',
      'reasoning',
      'customer-care',
      'research',
      'nested',
      'approval',
    ]);
  });

  it('describes one, in seconds that do not change', async () => {
    const first = await getJson(`${app.baseUrl}/models/default`);
    assertValidModel(first.json);
    expect(first.json).toMatchObject({ id: 'default', object: 'model', owned_by: 'millrace' });
    expect(first.json).toMatchObject({
      millrace: {
        workflow: 'streaming',
        stream_by_default: true,
        graph: {
          start: ['TextStreamingNode'],
          connections: [{ from: 'TextStreamingNode', to: 'StructuredStreamingNode' }],
        },
      },
    });
    expect(String(first.json.created)).toHaveLength(10);
    expect((await getJson(`${app.baseUrl}/models/default`)).json).toEqual(first.json);
  });

  it('is alive and ready', async () => {
    for (const path of ['live', 'ready']) {
      const { status, json } = await getJson(`${app.url}/health/${path}`);
      expect([status, json]).toMatchObject([200, { status: 'ok' }]);
    }
  });
});
