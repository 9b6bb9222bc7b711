import { afterEach, describe, expect, it } from '@jest/globals';
import { Global, Inject, Injectable, type Provider, type Type } from '@nestjs/common';
import { AgentNode } from '../../src/nodes/index.js';
import {
  agent,
  AgentTool,
  type ChatRefs,
  type Flow,
  type Ref,
  type TaskContext,
  Workflow,
  type WorkflowLike,
  WorkflowRegistry,
} from '../../src/workflow/index.js';
import { NAME, NameNode, nameWorkflow, makeNamedModule } from '../fixtures/name-modules.js';
import { Bench, type ConversationInput } from '../support/bench.js';
import { HELLO, postJson } from '../support/client.js';
import { scriptStream, scriptToolCalls } from '../support/upstream/index.js';

describe('Modules', () => {
  let bench: Bench | undefined;
  afterEach(() => {
    const ended = bench;
    bench = undefined;
    return ended?.close();
  });
  const start = async (...imports: Type<unknown>[]): Promise<void> => {
    bench = await Bench.start({ imports });
  };
  const ask = async (model: string): Promise<unknown> => {
    const { status, json } = await postJson(bench?.app.chatUrl ?? '', { model, messages: HELLO });
    expect(status).toBe(200);
    return (json as { choices: [{ message: { content: string } }] }).choices[0].message.content;
  };
  const listServed = (): string[] => (bench?.app.get(WorkflowRegistry).list() ?? []).map(({ name }) => name);

  describe('A node that several modules provide', () => {
    const other = makeNamedModule('OtherModule', { providers: [NameNode], exports: [NameNode] });

    it('is that of the module which provides the workflow, whatever the order of the modules', async () => {
      const A = makeNamedModule('ModuleA', { providers: [nameWorkflow('a'), NameNode] });
      const B = makeNamedModule('ModuleB', { providers: [nameWorkflow('b'), NameNode] });
      await start(A, B, other);
      expect([await ask('a'), await ask('b')]).toEqual(['I belong to ModuleA.', 'I belong to ModuleB.']);
    });

    it('is otherwise the one that the module imports, also through a module that exports it again', async () => {
      const source = makeNamedModule('SourceModule', { providers: [NameNode], exports: [NameNode] });
      const between = makeNamedModule('BetweenModule', { imports: [source], exports: [source] });
      const A = makeNamedModule('ModuleA', { imports: [between], providers: [nameWorkflow('a')] });
      await start(A, other);
      expect(await ask('a')).toBe('I belong to SourceModule.');
    });

    it('is otherwise the one of a global module', async () => {
      const everywhere = makeNamedModule('GlobalModule', { providers: [NameNode], exports: [NameNode] });
      Global()(everywhere);
      await start(makeNamedModule('ModuleA', { providers: [nameWorkflow('a')] }), everywhere, other);
      expect(await ask('a')).toBe('I belong to GlobalModule.');
    });

    it('is never one that is out of reach', async () => {
      const secret = makeNamedModule('SecretModule', { providers: [NameNode] });
      const A = makeNamedModule('ModuleA', { imports: [secret], providers: [nameWorkflow('a')] });
      await start(A, other);
      expect(await ask('a')).toBe('I belong to ModuleA.');
    });
  });

  describe('A node that no module provides', () => {
    it('is made with what the module of its workflow sees, once for each module', async () => {
      const made: string[] = [];
      @Injectable()
      class CountedNode extends NameNode {
        constructor(@Inject(NAME) name: string) {
          super(name);
          made.push(name);
        }
      }
      const twice = (id: string): Type<WorkflowLike> => {
        @Workflow({ id, description: 'The same node twice' })
        class TwiceWorkflow {
          define(flow: Flow): Ref<string> {
            const first = flow.node(CountedNode, undefined, { key: 'first' });
            const second = flow.node(CountedNode, undefined, { key: 'second' });
            return flow.run('both', { first, second }, (both) => `${both.first} ${both.second}`);
          }
        }
        return TwiceWorkflow;
      };
      const A = makeNamedModule('ModuleA', { providers: [twice('a'), twice('again')] });
      const B = makeNamedModule('ModuleB', { providers: [twice('b')] });
      await start(A, B);
      expect(await ask('a')).toBe('I belong to ModuleA. I belong to ModuleA.');
      expect(await ask('again')).toBe('I belong to ModuleA. I belong to ModuleA.');
      expect(await ask('b')).toBe('I belong to ModuleB. I belong to ModuleB.');
      expect(made.toSorted()).toEqual(['ModuleA', 'ModuleB']);
    });
  });

  it('give an agent the tools of the module which provides its node', async () => {
    @Injectable()
    class NameTool extends AgentTool<void, string> {
      readonly name = 'name';
      readonly description = 'Tells the name of its module';
      readonly argsType = undefined;
      constructor(@Inject(NAME) private readonly module: string) {
        super();
      }
      execute(): string {
        return this.module;
      }
    }
    @Injectable()
    class AskNode extends AgentNode<ConversationInput, string> {
      readonly agentConfig = agent({ tools: [NameTool] });
      process(input: ConversationInput, context: TaskContext): Promise<string> {
        return this.agent.run(input, context);
      }
    }
    const askWorkflow = (id: string): Type<WorkflowLike> => {
      @Workflow({ id, description: 'Asks a model that asks a tool' })
      class AskWorkflow {
        define(flow: Flow, { messages }: ChatRefs): Ref<string> {
          return flow.node(AskNode, { messages });
        }
      }
      return AskWorkflow;
    };
    const A = makeNamedModule('ModuleA', { providers: [askWorkflow('a'), AskNode, NameTool] });
    const B = makeNamedModule('ModuleB', { providers: [askWorkflow('b'), AskNode, NameTool] });
    await start(A, B);
    for (const id of ['a', 'b']) {
      bench?.upstream.next(scriptToolCalls('call_1', 'name', {})).next(scriptStream(id));
      expect(await ask(id)).toBe(id);
    }
    const told = bench?.upstream.requests.map(({ body }) => body.messages.at(-1) as { content: string });
    expect(told?.map(({ content }) => content)).toEqual(['Hello', 'ModuleA', 'Hello', 'ModuleB']);
  });

  describe('A workflow as a step of another', () => {
    it('is that of the module which provides the outer one', async () => {
      class Inner {
        define(flow: Flow): Ref<string> {
          return flow.node(NameNode, undefined);
        }
      }
      @Workflow({ id: 'inner-of-a', description: '' })
      class InnerOfA extends Inner {}
      @Workflow({ id: 'inner-of-b', description: '' })
      class InnerOfB extends Inner {}
      @Workflow({ id: 'outer', description: '' })
      class Outer {
        define(flow: Flow, { messages }: ChatRefs): Ref<string> {
          return flow.workflow(Inner, { messages });
        }
      }
      const provideInner = (useClass: Type<Inner>): Provider => ({ provide: Inner, useClass });
      const A = makeNamedModule('ModuleA', { providers: [Outer, provideInner(InnerOfA), NameNode] });
      const B = makeNamedModule('ModuleB', { providers: [provideInner(InnerOfB), NameNode] });
      await start(A, B);
      expect(await ask('outer')).toBe('I belong to ModuleA.');
    });
  });

  describe('Workflows', () => {
    const type = nameWorkflow('a');
    it.each<[string, Provider]>([
      ['a factory', { provide: type, useFactory: (): unknown => Reflect.construct(type, []) }],
      ['a factory that has to wait', { provide: type, useFactory: () => Promise.resolve(Reflect.construct(type, [])) }],
      ['a factory under another token', { provide: 'A', useFactory: (): unknown => Reflect.construct(type, []) }],
      ['a value', { provide: type, useValue: Reflect.construct(type, []) }],
      ['a value under another token', { provide: 'A', useValue: Reflect.construct(type, []) }],
      ['a class under another token', { provide: 'A', useClass: type }],
    ])('are found that %s gives', async (_, provider) => {
      await start(
        makeNamedModule('ModuleA', { providers: [provider, NameNode, { provide: 'ALIAS', useExisting: NameNode }] }),
      );
      expect(listServed()).toContain('a');
      expect(await ask('a')).toBe('I belong to ModuleA.');
    });

    it('that two tokens name count once', async () => {
      await start(makeNamedModule('ModuleA', { providers: [{ provide: 'A', useExisting: type }, type, NameNode] }));
      expect(listServed().filter((name) => name === 'a')).toHaveLength(1);
    });

    it('are all found if a factory makes several of one kind', async () => {
      const makeProvider = (id: string): Provider => ({
        provide: `factory of ${id}`,
        useFactory: (): unknown => Reflect.construct(nameWorkflow(id), []),
      });
      await start(makeNamedModule('ModuleA', { providers: [makeProvider('first'), makeProvider('second'), NameNode] }));
      expect(listServed()).toEqual(expect.arrayContaining(['first', 'second']));
    });
  });
});
