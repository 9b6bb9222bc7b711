import { describe, expect, it } from '@jest/globals';
import { IsString } from 'class-validator';
import { DefinitionError } from '../../src/errors/index.js';
import { agent } from '../../src/workflow/index.js';
import { TestApp } from '../support/app.js';
import { assertCompletion } from '../support/chunks.js';
import { postJson } from '../support/http-client.js';
import { HELLO } from '../support/messages.js';
import { ScriptedUpstream } from '../support/scripted-upstream.js';
import { openStream } from '../support/sse-client.js';
import { scriptCompletion, scriptStream, tokens, scriptToolCalls } from '../support/upstream/scripts.js';
import { makeAgentModule } from '../support/workflow-kit.js';

class Reply {
  @IsString()
  readonly thinking: string;

  @IsString()
  readonly reply: string;
}

const ClaudeModule = makeAgentModule(agent({ model: 'anthropic', output: Reply }), {
  id: 'claude',
  channels: { thinking: 'reasoning', reply: 'content' },
});

const REQUEST = { model: 'claude', messages: HELLO };
const VALUE: Reply = { thinking: 'A greeting.', reply: 'Hello to you.' };

describe('a workflow whose agents use another provider', () => {
  it.each([
    [{}, 'its model provider "anthropic" needs ANTHROPIC_API_KEY in the environment'],
    [{ ANTHROPIC_API_KEY: 'sk-ant-1' }, 'ANTHROPIC_MODEL is not set in the environment'],
  ])('does not start with %j, and names what to set', async (env, words) => {
    const failure: unknown = await TestApp.start({ imports: [ClaudeModule], env }).catch((error: unknown) => error);
    expect(failure).toBeInstanceOf(DefinitionError);
    expect((failure as DefinitionError).faults).toMatchObject([
      { code: 'node_not_ready', workflow: 'claude', message: expect.stringContaining(words) },
    ]);
  });

  it('does not keep a server from starting that has no such workflow', async () => {
    const app = await TestApp.start({ env: { MISTRAL_MODEL: 'm' } });
    await app.close();
  });

  it.each([
    ['tool', scriptToolCalls('toolu_1', 'Reply', VALUE)],
    ['json_schema', scriptCompletion(VALUE, { usage: tokens(10, 5) })],
    ['prompt', scriptStream(['```json\n', JSON.stringify(VALUE), '\n```'], { usage: tokens(10, 5) })],
  ])('gives clients the same completion by %s', async (method, script) => {
    const upstream = await ScriptedUpstream.start();
    const app = await TestApp.start({
      imports: [ClaudeModule],
      env: {
        ANTHROPIC_API_KEY: 'sk-ant-1',
        ANTHROPIC_BASE_URL: upstream.url,
        ANTHROPIC_MODEL: 'claude-x',
        ANTHROPIC_STRUCTURED_OUTPUT: method,
      },
    });
    try {
      upstream.always(script);
      const stream = await openStream(app.chatUrl, {
        ...REQUEST,
        stream: true,
        stream_options: { include_usage: true },
      });
      assertCompletion(await stream.collect(), {
        content: VALUE.reply,
        reasoning: VALUE.thinking,
        finish: 'stop',
        includeUsage: true,
        usage: tokens(10, 5),
      });
      expect(upstream.requests[0]?.body.model).toBe('claude-x');
      const whole = await postJson(app.chatUrl, REQUEST);
      expect(whole.json).toMatchObject({ choices: [{ message: { content: VALUE.reply }, finish_reason: 'stop' }] });
    } finally {
      await app.close();
      await upstream.close();
    }
  });
});
