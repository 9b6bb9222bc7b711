import { Injectable } from '@nestjs/common';
import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import { IsDate, IsString } from 'class-validator';
import { Type } from 'class-transformer';
import { type ChatRefs, type Flow, type Ref, Workflow } from '../../src/workflow/index.js';
import { TestApp } from '../support/app.js';
import { beginResponse, followResponse, readStream } from '../support/background-client.js';
import { postJson } from '../support/http-client.js';
import { LogCapture } from '../support/log-capture.js';
import { readOutputText } from '../support/response-rules.js';
import { makeWorkflowsModule } from '../support/workflow-kit.js';

class Invoice {
  @IsString()
  number!: string;

  @IsDate()
  @Type(() => Date)
  due!: Date;
}

@Injectable()
class FindInvoiceNode {
  process(): Invoice {
    return Object.assign(new Invoice(), { number: 'A7', due: new Date(0) });
  }
}

@Injectable()
class DeclaredNode extends FindInvoiceNode {
  readonly returns = Invoice;
}

@Injectable()
class HugeNode {
  process(): string {
    return 'x'.repeat(1024 * 1024);
  }
}

@Workflow({ id: 'declared', description: 'Gives an object whose class is known' })
class DeclaredWorkflow {
  define(flow: Flow, _request: ChatRefs): Ref<string> {
    return flow.node(DeclaredNode).map(({ number, due }) => `${number} ${due.getTime()}`);
  }
}

@Workflow({ id: 'undeclared', description: 'Gives an object that JSON cannot hold' })
class UndeclaredWorkflow {
  define(flow: Flow, _request: ChatRefs): Ref<string> {
    return flow.node(FindInvoiceNode).map(({ number, due }) => `${number} ${due.getTime()}`);
  }
}

@Workflow({ id: 'huge', description: 'Gives more than is kept' })
class HugeWorkflow {
  define(flow: Flow, _request: ChatRefs): Ref<string> {
    return flow.node(HugeNode).map((text) => `${text.length}`);
  }
}

describe('the output of a step', () => {
  let app: TestApp;
  beforeAll(async () => {
    const nodes = [FindInvoiceNode, DeclaredNode, HugeNode];
    const workflows = [DeclaredWorkflow, UndeclaredWorkflow, HugeWorkflow];
    app = await TestApp.start({ imports: [makeWorkflowsModule(...nodes, ...workflows)], env: { LOG_LEVEL: 'error' } });
  });
  afterAll(() => app.close());

  it.each([
    { model: 'declared', text: 'A7 0' },
    { model: 'undeclared', text: 'A7 0' },
    { model: 'huge', text: '1048576' },
  ])('may be anything in a direct run: $model', async ({ model, text }) => {
    const { json } = await postJson(app.chatUrl, { model, messages: [{ role: 'user', content: 'Hi' }] });
    expect(json).toMatchObject({ choices: [{ message: { content: text } }] });
  });

  it('is kept in a logged run if its class is declared', async () => {
    const { id } = await beginResponse(app, { model: 'declared' });
    expect(readOutputText(readStream((await followResponse(app, id)).text).response)).toBe('A7 0');
  });

  it('fails a logged run if it would not survive a restart, and the log says what to do', async () => {
    const log = new LogCapture();
    const { id } = await beginResponse(app, { model: 'undeclared' });
    const { response, error } = readStream((await followResponse(app, id)).text);
    log.stop();
    expect(response.status).toBe('failed');
    expect(error?.message).toContain('The server had an error');
    expect(log.text).toContain('returned an output that would not survive a restart: it is an instance of Invoice');
    expect(log.text).toContain('Return plain data, or declare what it returns');
  });

  it('fails a logged run if it is too large to be kept', async () => {
    const { id } = await beginResponse(app, { model: 'huge' });
    const { response, error } = readStream((await followResponse(app, id)).text);
    expect([response.status, error?.message]).toEqual([
      'failed',
      'The output of a step of this workflow is too large to be kept.',
    ]);
  });
});
