import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import { Injectable } from '@nestjs/common';
import { type ChatRefs, type Flow, type Ref, Workflow } from '../../src/workflow/index.js';
import { TestApp } from '../support/app.js';
import { getJson, postJson } from '../support/http-client.js';
import { assertWellFormed } from '../support/well-formed.js';
import { assertValidError } from '../support/wire-schema.js';
import { SpeakNode, makeWorkflowsModule } from '../support/workflow-kit.js';

@Injectable()
class TopicNode {
  process(): 'billing' | 'other' {
    return 'other';
  }
}

@Workflow({ id: 'inner', description: 'Says one thing' })
class InnerWorkflow {
  define(flow: Flow, { messages }: ChatRefs): Ref<string> {
    return flow.node(SpeakNode, { messages, prompt: 'Say it.' });
  }
}

@Workflow({ id: 'team/support', aliases: ['team/support/v2'], description: 'Routes "everything" <safely>' })
class SupportWorkflow {
  define(flow: Flow, { messages }: ChatRefs): Ref<string> {
    return flow.route(flow.node(TopicNode), {
      billing: (branch) => branch.workflow(InnerWorkflow, { messages }),
      other: (branch) => branch.node(SpeakNode, { messages, prompt: 'Anything.' }),
    });
  }
}

interface Operation {
  readonly parameters: readonly { readonly name: string; readonly in: string }[];
  readonly responses: Record<string, { readonly content: object }>;
}

describe('the graph of a workflow', () => {
  let app: TestApp;
  beforeAll(async () => {
    app = await TestApp.start({ imports: [makeWorkflowsModule(InnerWorkflow, SupportWorkflow, TopicNode, SpeakNode)] });
  });
  afterAll(() => app.close());

  const get = (path: string, accept?: string): ReturnType<typeof getJson> =>
    getJson(`${app.baseUrl}/models/${path}`, accept === undefined ? {} : { accept });

  it('is JSON by default, for ids and aliases with slashes, also encoded ones', async () => {
    for (const path of ['team/support/graph', 'team/support/v2/graph', 'team%2Fsupport/graph']) {
      const { status, headers, json } = await get(path);
      expect([status, headers['content-type'], headers.vary]).toEqual([
        200,
        'application/json; charset=utf-8',
        'accept',
      ]);
      expect(json).toMatchObject({
        workflow: 'team/support',
        start: ['TopicNode'],
        result: 'route',
        branches: [
          { route: 'route', when: 'billing' },
          { route: 'route', when: 'other' },
        ],
        workflows: [{ workflow: 'inner', result: 'SpeakNode' }],
      });
    }
    expect((await get('team/support')).json).toMatchObject({ id: 'team/support', object: 'model' });
  });

  it('is Mermaid', async () => {
    const { status, headers, text } = await get('team/support/graph?format=mermaid');
    expect([status, headers['content-type']]).toEqual([200, 'text/vnd.mermaid; charset=utf-8']);
    expect(text).toMatch(/^flowchart TD\n/);
    expect(text).toContain('subgraph g0["InnerWorkflow (workflow inner)"]');
    expect(text).toContain('-->|"other"|');
  });

  it('is an SVG image without scripts and links', async () => {
    const { status, headers, text } = await get('team/support/graph?format=svg', 'application/json');
    expect([status, headers['content-type']]).toEqual([200, 'image/svg+xml; charset=utf-8']);
    expect(headers['content-security-policy']).toMatch(/^default-src 'none'/);
    assertWellFormed(text);
    expect(text).toContain('<title>Workflow team/support</title>');
    expect((await get('team/support/graph?format=svg')).text).toBe(text);
  });

  it.each([
    ['image/svg+xml', 'image/svg+xml'],
    ['image/avif,image/webp,image/apng,image/svg+xml,image/*,*/*;q=0.8', 'image/svg+xml'],
    ['text/vnd.mermaid', 'text/vnd.mermaid'],
    ['text/plain', 'text/plain'],
    [
      'text/html,application/xhtml+xml,application/xml;q=0.9,image/avif,image/webp,image/apng,*/*;q=0.8',
      'application/json',
    ],
    ['*/*', 'application/json'],
    ['application/pdf', 'application/json'],
    ['application/json;q=0.1, text/plain', 'text/plain'],
  ])('for %j is %s', async (accept, type) => {
    const { status, headers } = await get('chat/graph', accept);
    expect([status, headers['content-type']]).toEqual([200, `${type}; charset=utf-8`]);
  });

  it('is drawn for every workflow of the application', async () => {
    const { json } = await getJson(`${app.baseUrl}/models`);
    for (const { id } of (json as { data: { id: string }[] }).data) {
      for (const format of ['json', 'mermaid', 'svg']) {
        expect([id, format, (await get(`${id}/graph?format=${format}`)).status]).toEqual([id, format, 200]);
      }
      assertWellFormed((await get(`${id}/graph?format=svg`)).text);
    }
  });

  it('does not exist for an unknown workflow', async () => {
    for (const path of [
      'nothing/graph',
      'team/graph',
      'nothing/graph?format=svg',
      'chat/graph/graph',
      '__proto__/graph',
    ]) {
      const { status, json } = await get(path);
      assertValidError(json);
      expect([status, json.error.code]).toEqual([404, 'model_not_found']);
    }
  });

  it('has an address that no workflow can take', async () => {
    @Workflow({ id: 'team/graph', description: '' })
    class GraphWorkflow extends InnerWorkflow {}
    const start = TestApp.start({ imports: [makeWorkflowsModule(GraphWorkflow, SpeakNode)] });
    await expect(start).rejects.toThrow(/\[invalid_name\] workflow "team\/graph": .* without \/graph at the end/);
  });

  it('is refused in a format that does not exist, and for other methods', async () => {
    for (const query of ['format=png', 'format=', 'format=svg&format=json']) {
      const { status, json } = await get(`chat/graph?${query}`, 'image/svg+xml');
      assertValidError(json);
      expect([status, json.error.param]).toEqual([400, 'format']);
    }
    const { status, headers } = await postJson(`${app.baseUrl}/models/chat/graph`, {});
    expect([status, headers.allow]).toEqual([405, 'GET']);
  });

  it('is in the OpenAPI document with its three types', async () => {
    const { json } = await getJson(`${app.url}/docs-json`);
    const { paths } = json as { paths: Record<string, { get?: Operation }> };
    const operation = paths['/v1/models/{id}/graph']?.get;
    expect(Object.keys(operation?.responses['200']?.content ?? {})).toEqual([
      'application/json',
      'text/vnd.mermaid',
      'image/svg+xml',
    ]);
    const own = operation?.parameters.filter((parameter) => 'name' in parameter);
    expect(own?.map((parameter) => `${parameter.in} ${parameter.name}`).sort()).toEqual(['path id', 'query format']);
  });
});
