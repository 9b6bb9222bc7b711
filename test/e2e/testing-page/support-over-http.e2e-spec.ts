import { afterEach, beforeEach, describe, expect, it } from '@jest/globals';
import { type INestApplication, Module } from '@nestjs/common';
import { NestFactory } from '@nestjs/core';
import { MillraceModule } from 'millrace';
import {
  httpError,
  openStream,
  postJson,
  readContent,
  scriptCompletion,
  ScriptedUpstream,
  scriptStream,
} from 'millrace/testing';
import { ArticleService, SupportWorkflow } from './support.workflow.js';

const body = { model: 'support', stream: true, messages: [{ role: 'user', content: 'I was charged twice!' }] };
const billing = scriptCompletion({ topic: 'billing', urgent: true });

describe('the support workflow over HTTP', () => {
  let upstream: ScriptedUpstream;
  let application: INestApplication;
  let url: string;
  beforeEach(async () => {
    upstream = await ScriptedUpstream.start();
    const providers = { openai: { baseUrl: upstream.url, key: 'sk-test' } };
    @Module({
      imports: [MillraceModule.forRoot({ environment: {}, providers, upstream: { maxRetries: 0 } })],
      providers: [SupportWorkflow, ArticleService],
    })
    class AppModule {}
    application = await NestFactory.create(AppModule, { logger: false });
    await application.listen(0, '127.0.0.1');
    url = `${await application.getUrl()}/v1/chat/completions`;
  });
  afterEach(async () => {
    await application.close();
    await upstream.close(); // throws if a request had no script
  });

  it('streams the visible step, and not a word of the silent one', async () => {
    upstream.next(billing).next(scriptStream('We are sorry.'));
    const stream = await openStream(url, body);
    expect(readContent(await stream.collect())).toBe('We are sorry.');
    expect(upstream.requests[0]?.body).toMatchObject({ response_format: { type: 'json_schema' } });
  });

  it('answers with a status if the provider fails before the first word', async () => {
    upstream.next(billing).next(httpError(503, 'down'));
    const { status, json } = await postJson(url, body);
    expect(status).toBe(502);
    expect(json).toMatchObject({ error: { code: 'upstream_error', millrace: { node: 'answer' } } });
  });
});
