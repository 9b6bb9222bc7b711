import type { Type } from '@nestjs/common';
import { DefinitionError } from '../../src/errors/index.js';
import { compileWorkflow } from '../../src/workflow/compile/compile-workflow.js';
import { DefinitionFaults } from '../../src/workflow/compile/definition-faults.js';
import {
  type RunRequest,
  type CompiledWorkflow,
  type Flow,
  type Ref,
  type Wiring,
  WorkflowDefinition,
  type WorkflowNode,
  type WorkflowOptions,
} from '../../src/workflow/index.js';

/** Plain code: it writes nothing for the client. */
export class CodeNode implements WorkflowNode<void, string> {
  readonly speaks: boolean = false;

  process(): string {
    return '';
  }
}

/** Calls a model silently. */
export class SilentNode extends CodeNode {
  readonly forwards = ['sampling'] as const;
}

/** Speaks to the client, unless the wiring hides it. */
export class SpeakingNode extends SilentNode {
  override readonly speaks = true;
}

/** What a test's workflow is made of. */
export interface Definition extends Partial<WorkflowOptions> {
  readonly define: (flow: Flow, request: Wiring<RunRequest>) => Ref<unknown>;
}

/** A workflow's class and what the compiler made of it: the class is for `flow.workflow()`. */
export interface Compiled {
  readonly type: Type<WorkflowDefinition>;
  readonly workflow: CompiledWorkflow;
}

/**
 * Compiles a workflow without an application. Its nodes are classes without dependencies.
 * @param nested what it may run inside
 * @throws DefinitionError if it cannot run
 */
export function compiled({ define, ...options }: Definition, nested: readonly Compiled[] = []): Compiled {
  class TestWorkflow extends WorkflowDefinition {
    define(flow: Flow, request: Wiring<RunRequest>): Ref<unknown> {
      return define(flow, request);
    }
  }
  const id = options.id ?? 'test';
  const faults = new DefinitionFaults(id);
  const workflow = compileWorkflow(
    { description: '', ...options, id },
    new TestWorkflow(),
    {
      node: (type) => new type(),
      workflow: (type) => nested.find((candidate) => candidate.type === type)?.workflow,
    },
    faults,
  );
  if (workflow === undefined) throw new DefinitionError(faults.all);
  return { type: TestWorkflow, workflow };
}
