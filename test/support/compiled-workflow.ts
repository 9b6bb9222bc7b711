import type { Type } from '@nestjs/common';
import { DefinitionError } from '../../src/errors/index.js';
import type { Resolver } from '../../src/workflow/compile/compile-scope.js';
import { compileWorkflow } from '../../src/workflow/compile/compile-workflow.js';
import { wireWorkflow } from '../../src/workflow/compile/wire-workflow.js';
import { DefinitionFaults } from '../../src/workflow/compile/definition-faults.js';
import type { ChatRefs, CompiledWorkflow, Flow, Ref, WorkflowNode, WorkflowOptions } from '../../src/workflow/index.js';

/** A node of plain code, which writes nothing for the client. */
export class CodeNode implements WorkflowNode<void, string> {
  readonly streams: boolean = false;

  process(): string {
    return '';
  }
}

/** A node that calls a model silently. */
export class SilentNode extends CodeNode {
  readonly forwards = ['sampling'] as const;
}

/** A node that writes for the client, unless the wiring makes it silent. */
export class SpeakingNode extends SilentNode {
  override readonly streams = true;
}

/** The parts of a test's workflow. */
export interface Definition extends Partial<WorkflowOptions> {
  readonly define: (flow: Flow, request: ChatRefs) => Ref<unknown>;
}

/** A workflow's class, for `flow.workflow()`, and the compiled workflow. */
export interface Compiled {
  readonly type: Type<{ define(flow: Flow, request: ChatRefs): Ref<unknown> }>;
  readonly workflow: CompiledWorkflow;
}

/**
 * Compiles a workflow without an application. Its nodes are classes without dependencies.
 * @param nested the workflows that it may nest
 * @throws DefinitionError if the workflow has faults
 */
export function compileTestWorkflow({ define, ...options }: Definition, nested: readonly Compiled[] = []): Compiled {
  class TestWorkflow {
    define(flow: Flow, request: ChatRefs): Ref<unknown> {
      return define(flow, request);
    }
  }
  const id = options.id ?? 'test';
  const faults = new DefinitionFaults(id);
  const wired = wireWorkflow(new TestWorkflow(), faults);
  const resolver: Resolver = {
    findNode: (type) => new type(),
    makeAgentNode: () => {
      throw new Error('Agents need an application.');
    },
    findWorkflow: (type) => nested.find((candidate) => candidate.type === type)?.workflow,
  };
  const workflow = wired && compileWorkflow({ description: '', ...options, id }, wired, resolver, faults);
  if (workflow === undefined) throw new DefinitionError(faults.all);
  return { type: TestWorkflow, workflow };
}
