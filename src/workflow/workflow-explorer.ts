import { Injectable, type OnModuleInit, type Type } from '@nestjs/common';
import { DiscoveryService, ModuleRef } from '@nestjs/core';
import { DefinitionError } from '../errors/index.js';
import { compileWorkflow } from './compile/compile-workflow.js';
import type { Resolver } from './compile/compile-scope.js';
import { DefinitionFaults } from './compile/definition-faults.js';
import { WorkflowDefinition } from './workflow-definition.js';
import type { WorkflowNode } from './workflow-node.js';
import { WorkflowRegistry } from './workflow-registry.js';
import type { CompiledWorkflow } from './workflow-schema.js';
import { WorkflowMetadata, type WorkflowOptions } from './workflow.decorator.js';

/** Behind `/graph`, `GET /v1/models/{id}` would show the graph of another workflow. */
const VALID_NAME = /^(?!.*\/graph$)[A-Za-z0-9._:/-]{1,128}$/;

/** A workflow as it was found, and what became of it. */
interface Candidate {
  readonly options: WorkflowOptions;
  readonly definition: unknown;
  readonly faults: DefinitionFaults;
  state: 'found' | 'compiling' | 'compiled';
  compiled?: CompiledWorkflow;
}

/** Finds the workflows among the providers of all modules, compiles them, and fills the registry. */
@Injectable()
export class WorkflowExplorer implements OnModuleInit {
  readonly #candidates = new Map<unknown, Candidate>();
  readonly #resolver: Resolver = {
    node: (type) => this.#findNode(type),
    workflow: (type, faults, key) => this.#nested(type, faults, key),
  };

  constructor(
    private readonly discovery: DiscoveryService,
    private readonly modules: ModuleRef,
    private readonly registry: WorkflowRegistry,
  ) {}

  /** @throws DefinitionError listing all faults of all workflows */
  onModuleInit(): void {
    for (const wrapper of this.discovery.getProviders({ metadataKey: WorkflowMetadata.KEY })) {
      const options = this.discovery.getMetadataByDecorator(WorkflowMetadata, wrapper);
      if (options === undefined) continue;
      const faults = new DefinitionFaults(options.id);
      this.#candidates.set(wrapper.metatype, { options, definition: wrapper.instance, faults, state: 'found' });
    }
    for (const candidate of this.#candidates.values()) {
      const workflow = this.#compile(candidate);
      if (workflow !== undefined) this.#register(candidate, workflow);
    }
    const faults = [...this.#candidates.values()].flatMap((candidate) => candidate.faults.all);
    if (faults.length > 0) throw new DefinitionError(faults);
  }

  #compile(candidate: Candidate): CompiledWorkflow | undefined {
    if (candidate.state === 'compiled') return candidate.compiled;
    candidate.state = 'compiling';
    const { options, definition, faults } = candidate;
    if (definition instanceof WorkflowDefinition) {
      const compiled = compileWorkflow(options, definition, this.#resolver, faults);
      if (compiled !== undefined) candidate.compiled = compiled;
    } else {
      const fix = 'Extend WorkflowDefinition and implement define().';
      faults.add('not_a_workflow', 'its class does not extend WorkflowDefinition.', fix);
    }
    candidate.state = 'compiled';
    return candidate.compiled;
  }

  #nested(type: Type<unknown>, faults: DefinitionFaults, key: string): CompiledWorkflow | undefined {
    const candidate = this.#candidates.get(type);
    if (candidate === undefined) {
      const fix = `Give ${type.name} the decorator @Workflow and add it to the providers of a module.`;
      faults.add('workflow_not_provided', `no module provides the workflow ${type.name}.`, fix, key);
      return undefined;
    }
    if (candidate.state === 'compiling') {
      const fix = 'Break the cycle: a workflow cannot run as a step of itself.';
      faults.add('nested_cycle', `the workflow "${candidate.options.id}" would run itself.`, fix, key);
      return undefined;
    }
    const compiled = this.#compile(candidate);
    if (compiled === undefined) {
      const message = `the workflow "${candidate.options.id}" has faults of its own.`;
      faults.add('nested_faulty', message, 'Correct that one first.', key);
    }
    return compiled;
  }

  #register({ options, faults }: Candidate, workflow: CompiledWorkflow): void {
    const aliases = (options.aliases ?? []).map((alias) => (typeof alias === 'string' ? { id: alias } : alias));
    for (const { id, streamByDefault } of [options, ...aliases]) {
      if (!VALID_NAME.test(id)) {
        const fix = 'Use 1 to 128 letters, digits and - _ . : / without /graph at the end.';
        faults.add('invalid_name', `"${id}" cannot be a model's name.`, fix);
        continue;
      }
      const isFree = this.registry.register({
        name: id,
        workflow,
        streamByDefault: streamByDefault ?? options.streamByDefault ?? false,
      });
      if (!isFree) {
        faults.add('duplicate_workflow_id', `the name "${id}" is taken already.`, 'Choose another id or alias.');
      }
    }
  }

  #findNode(type: Type<WorkflowNode>): WorkflowNode<unknown> | undefined {
    try {
      return this.modules.get<WorkflowNode<unknown>>(type, { strict: false });
    } catch {
      return undefined;
    }
  }
}
