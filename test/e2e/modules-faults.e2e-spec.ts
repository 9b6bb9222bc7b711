import { describe, expect, it } from '@jest/globals';
import { Inject, Injectable, Module, type Provider, Scope, type Type } from '@nestjs/common';
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
} from '../../src/workflow/index.js';
import { NAME, NameNode, nameWorkflow, makeNamedModule } from '../fixtures/name-modules.js';
import { catchDefinitionError } from '../support/definition-error.js';
import type { ConversationInput } from '../support/bench.js';

describe('Modules', () => {
  const readFaults = async (...imports: Type<unknown>[]): Promise<string> =>
    (await catchDefinitionError(...imports)).message;

  describe('A node that no module provides', () => {
    it('stops the start if the module lacks what it injects', async () => {
      @Module({ providers: [nameWorkflow('a')] })
      class PoorModule {}
      expect(await readFaults(PoorModule)).toMatch(
        /\[node_not_provided\] workflow "a", step "NameNode": it cannot be made\. Nest can't resolve dependencies of the NameNode \(\?\)\. Please make sure that the argument Symbol\(name\) at index \[0\] is available in the PoorModule.*\. Add what it injects to the providers of PoorModule, or import a module there that exports it\./,
      );
    });

    it('stops the start without the source of what it injects, which has no name', async () => {
      const [unnamed] = [
        class {
          readonly text = 'of the source';
        },
      ] as const;
      class AskingNode {
        constructor(readonly given: { readonly text: string }) {}
        process(): string {
          return this.given.text;
        }
      }
      Inject(unnamed)(AskingNode, undefined, 0);
      @Workflow({ id: 'a', description: '' })
      class AskingWorkflow {
        define(flow: Flow): Ref<string> {
          return flow.node(AskingNode, undefined);
        }
      }
      const faults = await readFaults(makeNamedModule('ModuleA', { providers: [AskingWorkflow] }));
      expect(faults).toContain('the argument "class without a name" at index [0] is available in the ModuleA');
      expect(faults).not.toContain('of the source');
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
      expect(await readFaults(makeNamedModule('ModuleA', { providers: [ThrowingWorkflow] }))).toContain(
        '[node_not_ready] workflow "a", step "ThrowingNode": its constructor threw "no connection".',
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
      expect(await readFaults(makeNamedModule('ModuleA', { providers: [BareWorkflow] }))).toContain(
        '[node_not_ready] workflow "a", step "BareNode": its constructor asks for something, and nothing says for what. Give the class the decorator @Injectable().',
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
      expect(await readFaults(makeNamedModule('ModuleA', { providers: [ClosingWorkflow] }))).toContain(
        '[node_not_provided] workflow "a", step "ClosingNode": it has onModuleDestroy(), which Nest calls only for what a module provides. Add ClosingNode to the providers of ModuleA.',
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
      expect(await readFaults(makeNamedModule('ModuleA', { providers: [ScopedWorkflow] }))).toContain(
        `[scoped_provider] workflow "a", step "ScopedNode": it has Scope.${name}, but one instance must serve all runs.`,
      );
    });

    it('stops the start if something that it injects is made for each request', async () => {
      @Module({ providers: [nameWorkflow('a'), { provide: NAME, useFactory: () => 'a', scope: Scope.REQUEST }] })
      class ScopedModule {}
      expect(await readFaults(ScopedModule)).toContain('step "NameNode": something that it injects has Scope.REQUEST');
    });
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
      const [first, second] = ['FirstModule', 'SecondModule'].map((name) =>
        makeNamedModule(name, { providers: [inner] }),
      );
      const A = makeNamedModule('ModuleA', { providers: [Outer] });
      expect(await readFaults(A, first as Type<unknown>, second as Type<unknown>)).toMatch(
        /\[ambiguous_provider\] workflow "outer", step "NameWorkflow": several modules provide it \(FirstModule, SecondModule\), none of them within reach of ModuleA\. Add NameWorkflow to the providers of ModuleA, or export it/,
      );
    });
  });

  describe('A scope', () => {
    it.each([
      ['of a node, for each request', Scope.REQUEST, 'its provider in ModuleA has Scope.REQUEST'],
      ['of a node, for each place', Scope.TRANSIENT, 'its provider in ModuleA has Scope.TRANSIENT'],
    ])('%s stops the start', async (_, scope, words) => {
      const A = makeNamedModule('ModuleA', {
        providers: [nameWorkflow('a'), { provide: NameNode, useClass: NameNode, scope }],
      });
      expect(await readFaults(A)).toContain(`[scoped_provider] workflow "a", step "NameNode": ${words}`);
    });

    it('of something that a node injects stops the start', async () => {
      @Module({
        providers: [nameWorkflow('a'), NameNode, { provide: NAME, useFactory: () => 'a', scope: Scope.REQUEST }],
      })
      class ScopedModule {}
      expect(await readFaults(ScopedModule)).toContain('step "NameNode": something that it injects has Scope.REQUEST');
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
      class ToolNode extends AgentNode<ConversationInput, string> {
        readonly agentConfig = agent({ tools: [ScopedTool] });
        process(input: ConversationInput, context: TaskContext): Promise<string> {
          return this.agent.run(input, context);
        }
      }
      @Workflow({ id: 'a', description: '' })
      class ToolWorkflow {
        define(flow: Flow, { messages }: ChatRefs): Ref<string> {
          return flow.node(ToolNode, { messages });
        }
      }
      expect(
        await readFaults(makeNamedModule('ModuleA', { providers: [ToolWorkflow, ToolNode, ScopedTool] })),
      ).toContain('step "ToolNode": its tool ScopedTool: its provider in ModuleA has Scope.REQUEST');
    });

    it.each<[string, (type: Type<WorkflowLike>) => Provider]>([
      ['a class', (type) => ({ provide: type, useClass: type, scope: Scope.REQUEST })],
      [
        'a factory',
        (type) => ({ provide: type, useFactory: (): unknown => Reflect.construct(type, []), scope: Scope.REQUEST }),
      ],
    ])('of a workflow provided by %s stops the start', async (_, provide) => {
      const A = makeNamedModule('ModuleA', { providers: [provide(nameWorkflow('a')), NameNode] });
      expect(await readFaults(A)).toContain(
        '[scoped_provider] workflow "a": its provider in ModuleA has Scope.REQUEST',
      );
    });
  });

  describe('Workflows', () => {
    const type = nameWorkflow('a');

    describe('of one name stop the start, and the message names both classes', () => {
      const makeNamed = (name: string, id: string, aliases: readonly string[] = []): Type<WorkflowLike> => {
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
        const A = makeNamedModule('ModuleA', { providers: [makeNamed('OrdersWorkflow', 'orders'), NameNode] });
        const B = makeNamedModule('ModuleB', { providers: [makeNamed('ShopWorkflow', 'shop', ['orders']), NameNode] });
        expect(await readFaults(A, B)).toContain(
          '[duplicate_workflow_id] workflow "shop": OrdersWorkflow of ModuleA and ShopWorkflow of ModuleB have the name "orders". Choose another id or alias for one of them.',
        );
      });

      it('in one module, and of one class name', async () => {
        const all = [makeNamed('OrdersWorkflow', 'orders'), makeNamed('OrdersWorkflow', 'orders')];
        const faults = await readFaults(
          makeNamedModule('ModuleA', { providers: [...all, makeNamed('LastWorkflow', 'orders'), NameNode] }),
        );
        expect(faults).toContain(
          'workflow "orders": two classes called OrdersWorkflow of ModuleA have the name "orders".',
        );
        expect(faults).toContain(
          'workflow "orders": OrdersWorkflow of ModuleA and LastWorkflow of ModuleA have the name "orders".',
        );
      });

      it('where one class is provided twice', async () => {
        const A = makeNamedModule('ModuleA', { providers: [type, NameNode] });
        const B = makeNamedModule('ModuleB', { providers: [type, NameNode] });
        expect(await readFaults(A, B)).toContain(
          '[duplicate_workflow_id] workflow "a": NameWorkflow of ModuleA and NameWorkflow of ModuleB are two instances of one class, and both would have the name "a". Provide it in one module only',
        );
      });

      it('where a workflow has one name twice', async () => {
        const twice = makeNamed('OrdersWorkflow', 'orders', ['other', 'orders']);
        expect(await readFaults(makeNamedModule('ModuleA', { providers: [twice, NameNode] }))).toContain(
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
      expect(await readFaults(makeNamedModule('ModuleA', { providers: [provider, NameNode] }))).toContain(
        '[workflow_not_decorated] workflow "Bare": Bare, which ModuleA provides, is not a workflow without @Workflow. Give it @Workflow(',
      );
    });
  });
});
