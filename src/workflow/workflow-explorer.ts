import { Injectable, type OnModuleInit, type Type } from '@nestjs/common';
import { DiscoveryService, ModuleRef } from '@nestjs/core';
import { DefinitionError, type DefinitionFault } from '../errors/index.js';
import { compileWorkflow } from './compile-workflow.js';
import { WorkflowDefinition } from './workflow-definition.js';
import type { WorkflowNode } from './workflow-node.js';
import { WorkflowRegistry } from './workflow-registry.js';
import { WorkflowMetadata, type WorkflowOptions } from './workflow.decorator.js';

const VALID_NAME = /^[A-Za-z0-9._:/-]{1,128}$/;

/** Finds the workflows among the providers of all modules, compiles them, and fills the registry. */
@Injectable()
export class WorkflowExplorer implements OnModuleInit {
  constructor(
    private readonly discovery: DiscoveryService,
    private readonly modules: ModuleRef,
    private readonly registry: WorkflowRegistry,
  ) {}

  /** @throws DefinitionError listing all faults of all workflows */
  onModuleInit(): void {
    const faults = this.discovery.getProviders({ metadataKey: WorkflowMetadata.KEY }).flatMap((wrapper) => {
      const options = this.discovery.getMetadataByDecorator(WorkflowMetadata, wrapper);
      return options === undefined ? [] : this.#register(options, wrapper.instance);
    });
    if (faults.length > 0) throw new DefinitionError(faults);
  }

  #register(options: WorkflowOptions, definition: unknown): readonly DefinitionFault[] {
    if (!(definition instanceof WorkflowDefinition)) {
      return [
        {
          code: 'not_a_workflow',
          workflow: options.id,
          message: 'its class does not extend WorkflowDefinition.',
          fix: 'Extend WorkflowDefinition and implement define().',
        },
      ];
    }
    const compilation = compileWorkflow(options, definition, (node) => this.#find(node));
    if ('faults' in compilation) return compilation.faults;
    const aliases = (options.aliases ?? []).map((alias) => (typeof alias === 'string' ? { id: alias } : alias));
    return [options, ...aliases].flatMap(({ id, streamByDefault }) => {
      if (!VALID_NAME.test(id)) {
        return [
          {
            code: 'invalid_name',
            workflow: options.id,
            message: `"${id}" cannot be a model's name.`,
            fix: 'Use 1 to 128 letters, digits and - _ . : /',
          },
        ];
      }
      const registered = this.registry.register({
        name: id,
        workflow: compilation.workflow,
        streamByDefault: streamByDefault ?? options.streamByDefault ?? false,
      });
      return registered
        ? []
        : [
            {
              code: 'duplicate_workflow_id',
              workflow: options.id,
              message: `the name "${id}" is taken by another workflow.`,
              fix: 'Choose another id or alias.',
            },
          ];
    });
  }

  #find(node: Type<WorkflowNode>): WorkflowNode<unknown> | undefined {
    try {
      return this.modules.get<WorkflowNode<unknown>>(node, { strict: false });
    } catch {
      return undefined;
    }
  }
}
