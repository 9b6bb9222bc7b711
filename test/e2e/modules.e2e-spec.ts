import { afterEach, describe, expect, it } from '@jest/globals';
import {
  Global,
  Inject,
  Injectable,
  Module,
  type ModuleMetadata,
  type Provider,
  Scope,
  type Type,
} from '@nestjs/common';
import { DefinitionError } from '../../src/errors/index.js';
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
import { Bench } from '../support/app.js';
import { postJson } from '../support/http-client.js';
import { HELLO } from '../support/messages.js';
import { scriptStream, scriptToolCalls } from '../support/upstream/scripts.js';
import type { Conversation } from '../support/workflow-kit.js';

/** What each module of these tests calls itself. */
const NAME = Symbol('name');

@Injectable()
class NameNode {
  constructor(@Inject(NAME) private readonly name: string) {}
  process(): string {
    return `I belong to ${this.name}.`;
  }
}

/** A workflow of one {@link NameNode}. */
function nameWorkflow(id: string): Type<WorkflowLike> {
  @Workflow({ id, description: 'Says whose node it ran' })
  class NameWorkflow {
    define(flow: Flow): Ref<string> {
      return flow.node(NameNode, undefined);
    }
  }
  return NameWorkflow;
}

/** A module that has a name of its own to inject. */
function moduleOf(name: string, metadata: ModuleMetadata): Type<unknown> {
  const Named = { [name]: class {} }[name] as Type<unknown>;
  const providers = [{ provide: NAME, useValue: name }, ...(metadata.providers ?? [])];
  Module({ ...metadata, providers, imports: metadata.imports ?? [] })(Named);
  return Named;
}

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
  const faultsOf = async (...imports: Type<unknown>[]): Promise<string> => {
    const failure = await start(...imports).then(
      () => undefined,
      (error: unknown) => error,
    );
    expect(failure).toBeInstanceOf(DefinitionError);
    return (failure as DefinitionError).message;
  };
  const served = (): string[] => (bench?.app.get(WorkflowRegistry).list() ?? []).map(({ name }) => name);

  describe('A node that several modules provide', () => {
    const other = moduleOf('OtherModule', { providers: [NameNode], exports: [NameNode] });

    it('is that of the module which provides the workflow, whatever the order of the modules', async () => {
      const A = moduleOf('ModuleA', { providers: [nameWorkflow('a'), NameNode] });
      const B = moduleOf('ModuleB', { providers: [nameWorkflow('b'), NameNode] });
      await start(A, B, other);
      expect([await ask('a'), await ask('b')]).toEqual(['I belong to ModuleA.', 'I belong to ModuleB.']);
    });

    it('is otherwise the one that the module imports, also through a module that exports it again', async () => {
      const source = moduleOf('SourceModule', { providers: [NameNode], exports: [NameNode] });
      const between = moduleOf('BetweenModule', { imports: [source], exports: [source] });
      const A = moduleOf('ModuleA', { imports: [between], providers: [nameWorkflow('a')] });
      await start(A, other);
      expect(await ask('a')).toBe('I belong to SourceModule.');
    });

    it('is otherwise the one of a global module', async () => {
      const everywhere = moduleOf('GlobalModule', { providers: [NameNode], exports: [NameNode] });
      Global()(everywhere);
      await start(moduleOf('ModuleA', { providers: [nameWorkflow('a')] }), everywhere, other);
      expect(await ask('a')).toBe('I belong to GlobalModule.');
    });

    it('is none of those that lie out of reach', async () => {
      const secret = moduleOf('SecretModule', { providers: [NameNode] });
      const A = moduleOf('ModuleA', { imports: [secret], providers: [nameWorkflow('a')] });
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
      const A = moduleOf('ModuleA', { providers: [twice('a'), twice('again')] });
      const B = moduleOf('ModuleB', { providers: [twice('b')] });
      await start(A, B);
      expect(await ask('a')).toBe('I belong to ModuleA. I belong to ModuleA.');
      expect(await ask('again')).toBe('I belong to ModuleA. I belong to ModuleA.');
      expect(await ask('b')).toBe('I belong to ModuleB. I belong to ModuleB.');
      expect(made.toSorted()).toEqual(['ModuleA', 'ModuleB']);
    });

    it('stops the start if the module lacks what it injects', async () => {
      @Module({ providers: [nameWorkflow('a')] })
      class PoorModule {}
      expect(await faultsOf(PoorModule)).toMatch(
        /\[node_not_provided\] workflow "a", node "NameNode": it cannot be made\. Nest can't resolve dependencies of the NameNode \(\?\)\. Please make sure that the argument Symbol\(name\) at index \[0\] is available in the PoorModule.*\. Add what it injects to the providers of PoorModule, or import a module there that exports it\./,
      );
    });

    it('stops the start if its constructor throws', async () => {
      @Injectable()
      class ThrowingNode {
        constructor() {
          throw new Error('no connection');
        }
        process(): string {
          return '';
        }
      }
      @Workflow({ id: 'a', description: '' })
      class ThrowingWorkflow {
        define(flow: Flow): Ref<string> {
          return flow.node(ThrowingNode);
        }
      }
      expect(await faultsOf(moduleOf('ModuleA', { providers: [ThrowingWorkflow] }))).toContain(
        '[node_not_ready] workflow "a", node "ThrowingNode": its constructor threw "no connection".',
      );
    });

    it('stops the start if its constructor asks for something, and it has no decorator', async () => {
      class BareNode {
        constructor(readonly name: string) {}
        process(): string {
          return this.name;
        }
      }
      @Workflow({ id: 'a', description: '' })
      class BareWorkflow {
        define(flow: Flow): Ref<string> {
          return flow.node(BareNode);
        }
      }
      expect(await faultsOf(moduleOf('ModuleA', { providers: [BareWorkflow] }))).toContain(
        '[node_not_ready] workflow "a", node "BareNode": its constructor asks for something, and nothing says for what. Give the class the decorator @Injectable().',
      );
    });

    it('stops the start if it waits for a hook of Nest, which would never be called', async () => {
      class ClosingNode {
        process(): string {
          return '';
        }
        onModuleDestroy(): void {
          throw new Error('never called');
        }
      }
      @Workflow({ id: 'a', description: '' })
      class ClosingWorkflow {
        define(flow: Flow): Ref<string> {
          return flow.node(ClosingNode);
        }
      }
      expect(await faultsOf(moduleOf('ModuleA', { providers: [ClosingWorkflow] }))).toContain(
        '[node_not_provided] workflow "a", node "ClosingNode": it has onModuleDestroy(), which Nest calls only for what a module provides. Add ClosingNode to the providers of ModuleA.',
      );
    });

    it.each([
      ['REQUEST', Scope.REQUEST],
      ['TRANSIENT', Scope.TRANSIENT],
    ])('stops the start if it has the scope %s', async (name, scope) => {
      @Injectable({ scope })
      class ScopedNode extends NameNode {
        constructor(@Inject(NAME) given: string) {
          super(given);
        }
      }
      @Workflow({ id: 'a', description: '' })
      class ScopedWorkflow {
        define(flow: Flow): Ref<string> {
          return flow.node(ScopedNode);
        }
      }
      expect(await faultsOf(moduleOf('ModuleA', { providers: [ScopedWorkflow] }))).toContain(
        `[scoped_provider] workflow "a", node "ScopedNode": it has Scope.${name}, but one instance must serve all runs.`,
      );
    });

    it('stops the start if something that it injects is made for each request', async () => {
      @Module({ providers: [nameWorkflow('a'), { provide: NAME, useFactory: () => 'a', scope: Scope.REQUEST }] })
      class ScopedModule {}
      expect(await faultsOf(ScopedModule)).toContain('node "NameNode": something that it injects has Scope.REQUEST');
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
    class AskNode extends AgentNode<Conversation, string> {
      readonly agentConfig = agent({ tools: [NameTool] });
      process(input: Conversation, context: TaskContext): Promise<string> {
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
    const A = moduleOf('ModuleA', { providers: [askWorkflow('a'), AskNode, NameTool] });
    const B = moduleOf('ModuleB', { providers: [askWorkflow('b'), AskNode, NameTool] });
    await start(A, B);
    for (const id of ['a', 'b']) {
      bench?.upstream.next(scriptToolCalls('call_1', 'name', {})).next(scriptStream(id));
      expect(await ask(id)).toBe(id);
    }
    const told = bench?.upstream.requests.map(({ body }) => body.messages.at(-1) as { content: string });
    expect(told?.map(({ content }) => content)).toEqual(['Hello', 'ModuleA', 'Hello', 'ModuleB']);
  });

  describe('A workflow as a step of another', () => {
    it('stops the start if several modules provide it, none of them within reach', async () => {
      const inner = nameWorkflow('inner');
      @Workflow({ id: 'outer', description: '' })
      class Outer {
        define(flow: Flow, { messages }: ChatRefs): Ref<unknown> {
          return flow.workflow(inner, { messages } as never);
        }
      }
      const [first, second] = ['FirstModule', 'SecondModule'].map((name) => moduleOf(name, { providers: [inner] }));
      const A = moduleOf('ModuleA', { providers: [Outer] });
      expect(await faultsOf(A, first as Type<unknown>, second as Type<unknown>)).toMatch(
        /\[ambiguous_provider\] workflow "outer", node "NameWorkflow": several modules provide it \(FirstModule, SecondModule\), none of them within reach of ModuleA\. Add NameWorkflow to the providers of ModuleA, or export it/,
      );
    });

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
      const A = moduleOf('ModuleA', { providers: [Outer, provideInner(InnerOfA), NameNode] });
      const B = moduleOf('ModuleB', { providers: [provideInner(InnerOfB), NameNode] });
      await start(A, B);
      expect(await ask('outer')).toBe('I belong to ModuleA.');
    });
  });

  describe('A scope', () => {
    it.each([
      ['of a node, for each request', Scope.REQUEST, 'its provider in ModuleA has Scope.REQUEST'],
      ['of a node, for each place', Scope.TRANSIENT, 'its provider in ModuleA has Scope.TRANSIENT'],
    ])('%s stops the start', async (_, scope, words) => {
      const A = moduleOf('ModuleA', {
        providers: [nameWorkflow('a'), { provide: NameNode, useClass: NameNode, scope }],
      });
      expect(await faultsOf(A)).toContain(`[scoped_provider] workflow "a", node "NameNode": ${words}`);
    });

    it('of something that a node injects stops the start', async () => {
      @Module({
        providers: [nameWorkflow('a'), NameNode, { provide: NAME, useFactory: () => 'a', scope: Scope.REQUEST }],
      })
      class ScopedModule {}
      expect(await faultsOf(ScopedModule)).toContain('node "NameNode": something that it injects has Scope.REQUEST');
    });

    it('of a tool stops the start', async () => {
      @Injectable({ scope: Scope.REQUEST })
      class ScopedTool extends AgentTool<void, string> {
        readonly name = 'scoped';
        readonly description = 'Never made';
        readonly argsType = undefined;
        execute(): string {
          return '';
        }
      }
      @Injectable()
      class ToolNode extends AgentNode<Conversation, string> {
        readonly agentConfig = agent({ tools: [ScopedTool] });
        process(input: Conversation, context: TaskContext): Promise<string> {
          return this.agent.run(input, context);
        }
      }
      @Workflow({ id: 'a', description: '' })
      class ToolWorkflow {
        define(flow: Flow, { messages }: ChatRefs): Ref<string> {
          return flow.node(ToolNode, { messages });
        }
      }
      expect(await faultsOf(moduleOf('ModuleA', { providers: [ToolWorkflow, ToolNode, ScopedTool] }))).toContain(
        'node "ToolNode": its tool ScopedTool: its provider in ModuleA has Scope.REQUEST',
      );
    });

    it.each<[string, (type: Type<WorkflowLike>) => Provider]>([
      ['a class', (type) => ({ provide: type, useClass: type, scope: Scope.REQUEST })],
      [
        'a factory',
        (type) => ({ provide: type, useFactory: (): unknown => Reflect.construct(type, []), scope: Scope.REQUEST }),
      ],
    ])('of a workflow provided by %s stops the start', async (_, provide) => {
      const A = moduleOf('ModuleA', { providers: [provide(nameWorkflow('a')), NameNode] });
      expect(await faultsOf(A)).toContain('[scoped_provider] workflow "a": its provider in ModuleA has Scope.REQUEST');
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
        moduleOf('ModuleA', { providers: [provider, NameNode, { provide: 'ALIAS', useExisting: NameNode }] }),
      );
      expect(served()).toContain('a');
      expect(await ask('a')).toBe('I belong to ModuleA.');
    });

    it('that two tokens name count once', async () => {
      await start(moduleOf('ModuleA', { providers: [{ provide: 'A', useExisting: type }, type, NameNode] }));
      expect(served().filter((name) => name === 'a')).toHaveLength(1);
    });

    it('are all found if a factory makes several of one kind', async () => {
      const made = (id: string): Provider => ({
        provide: `factory of ${id}`,
        useFactory: (): unknown => Reflect.construct(nameWorkflow(id), []),
      });
      await start(moduleOf('ModuleA', { providers: [made('first'), made('second'), NameNode] }));
      expect(served()).toEqual(expect.arrayContaining(['first', 'second']));
    });

    describe('of one name stop the start, and the message names both classes', () => {
      const named = (name: string, id: string, aliases: readonly string[] = []): Type<WorkflowLike> => {
        const Named = {
          [name]: class {
            define(flow: Flow): Ref<string> {
              return flow.node(NameNode, undefined);
            }
          },
        }[name] as Type<WorkflowLike>;
        Workflow({ id, description: '', aliases })(Named);
        return Named;
      };

      it('in different modules, an id or an alias', async () => {
        const A = moduleOf('ModuleA', { providers: [named('OrdersWorkflow', 'orders'), NameNode] });
        const B = moduleOf('ModuleB', { providers: [named('ShopWorkflow', 'shop', ['orders']), NameNode] });
        expect(await faultsOf(A, B)).toContain(
          '[duplicate_workflow_id] workflow "shop": OrdersWorkflow of ModuleA and ShopWorkflow of ModuleB have the name "orders". Choose another id or alias for one of them.',
        );
      });

      it('in one module, and of one class name', async () => {
        const all = [named('OrdersWorkflow', 'orders'), named('OrdersWorkflow', 'orders')];
        const faults = await faultsOf(
          moduleOf('ModuleA', { providers: [...all, named('LastWorkflow', 'orders'), NameNode] }),
        );
        expect(faults).toContain(
          'workflow "orders": two classes called OrdersWorkflow of ModuleA have the name "orders".',
        );
        expect(faults).toContain(
          'workflow "orders": OrdersWorkflow of ModuleA and LastWorkflow of ModuleA have the name "orders".',
        );
      });

      it('where one class is provided twice', async () => {
        const A = moduleOf('ModuleA', { providers: [type, NameNode] });
        const B = moduleOf('ModuleB', { providers: [type, NameNode] });
        expect(await faultsOf(A, B)).toContain(
          '[duplicate_workflow_id] workflow "a": NameWorkflow of ModuleA and NameWorkflow of ModuleB are two instances of one class, and both would have the name "a". Provide it in one module only',
        );
      });

      it('where a workflow has one name twice', async () => {
        const twice = named('OrdersWorkflow', 'orders', ['other', 'orders']);
        expect(await faultsOf(moduleOf('ModuleA', { providers: [twice, NameNode] }))).toContain(
          'workflow "orders": OrdersWorkflow of ModuleA has the name "orders" twice. Leave it in once.',
        );
      });
    });

    class Bare {
      readonly agent = agent({});
      define(flow: Flow): Ref<string> {
        return flow.node(NameNode, undefined);
      }
    }
    it.each<[string, Provider]>([
      ['a class', Bare],
      ['a value', { provide: 'BARE', useValue: new Bare() }],
      ['a factory', { provide: 'BARE', useFactory: () => new Bare() }],
    ])('without @Workflow stop the start if they come from %s', async (_, provider) => {
      expect(await faultsOf(moduleOf('ModuleA', { providers: [provider, NameNode] }))).toContain(
        '[workflow_not_decorated] workflow "Bare": Bare, which ModuleA provides, is no workflow without @Workflow. Give it @Workflow(',
      );
    });
  });
});
