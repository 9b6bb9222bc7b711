import { Injectable, type OnModuleInit, type Type } from '@nestjs/common';
import { DefinitionError } from '../errors/index.js';
import type { Resolver } from './compile/compile-scope.js';
import { compileWorkflow } from './compile/compile-workflow.js';
import { DefinitionFaults } from './compile/definition-faults.js';
import {
  findScopeProblem,
  type HostModule,
  moduleName,
  ProviderFinder,
  type ProviderWrapper,
} from './provider-finder.js';
import { WorkflowDefinition } from './workflow-definition.js';
import { WorkflowRegistry } from './workflow-registry.js';
import type { CompiledWorkflow } from './workflow-schema.js';
import { WorkflowMetadata, type WorkflowOptions } from './workflow.decorator.js';

/** Behind `/graph`, `GET /v1/models/{id}` would show the graph of another workflow. */
const VALID_NAME = /^(?!.*\/graph$)[A-Za-z0-9._:/-]{1,128}$/;

/** A workflow as it was found, and what became of it. */
interface Candidate {
  readonly options: WorkflowOptions;
  readonly type: Type<object>;
  readonly definition: unknown;
  /** The module that provides it: its nodes are looked for from there. */
  readonly host: HostModule | undefined;
  readonly faults: DefinitionFaults;
  state: 'found' | 'compiling' | 'compiled';
  compiled?: CompiledWorkflow;
}

/** Finds the workflows among the providers of all modules, compiles them, and fills the registry. */
@Injectable()
export class WorkflowExplorer implements OnModuleInit {
  /** By instance. */
  readonly #candidates = new Map<unknown, Candidate>();
  /** Providers of workflows that cannot be used. */
  readonly #refused: DefinitionFaults[] = [];
  readonly #names = new Map<string, Candidate>();

  constructor(
    private readonly providers: ProviderFinder,
    private readonly registry: WorkflowRegistry,
  ) {}

  /** @throws DefinitionError listing all faults of all workflows */
  onModuleInit(): void {
    for (const wrapper of this.providers.all) this.#inspect(wrapper);
    for (const candidate of this.#candidates.values()) {
      const workflow = this.#compile(candidate);
      if (workflow !== undefined) this.#register(candidate, workflow);
    }
    const found = [...this.#candidates.values()].map((candidate) => candidate.faults);
    const faults = [...found, ...this.#refused].flatMap((each) => each.all);
    if (faults.length > 0) throw new DefinitionError(faults);
  }

  /** What counts is the instance: a factory or a value says nothing of its class. */
  #inspect(wrapper: ProviderWrapper): void {
    const type = findClass(wrapper);
    if (type === undefined) return;
    const options = Reflect.getMetadata(WorkflowMetadata.KEY, type) as WorkflowOptions | undefined;
    if (options === undefined && !(type.prototype instanceof WorkflowDefinition)) return;
    const faults = new DefinitionFaults(options?.id ?? type.name);
    const scoped = findScopeProblem(wrapper);
    const definition: unknown = wrapper.instance;
    if (options === undefined) {
      const message = `${type.name}, which ${moduleName(wrapper.host)} provides, is no workflow without @Workflow.`;
      faults.add(
        'workflow_not_decorated',
        message,
        `Give it @Workflow({ id: …, description: … }), or remove it there.`,
      );
      this.#refused.push(faults);
    } else if (scoped !== undefined) {
      faults.add(scoped.problem.code, scoped.problem.message, scoped.problem.fix);
      this.#refused.push(faults);
    } else if (definition !== null && definition !== undefined && !this.#candidates.has(definition)) {
      this.#candidates.set(definition, { options, type, definition, host: wrapper.host, faults, state: 'found' });
    }
  }

  #compile(candidate: Candidate): CompiledWorkflow | undefined {
    if (candidate.state === 'compiled') return candidate.compiled;
    candidate.state = 'compiling';
    const { options, definition, faults } = candidate;
    if (definition instanceof WorkflowDefinition) {
      const compiled = compileWorkflow(options, definition, this.#resolverFor(candidate), faults);
      if (compiled !== undefined) candidate.compiled = compiled;
    } else {
      const fix = 'Extend WorkflowDefinition and implement define().';
      faults.add('not_a_workflow', 'what its provider gives does not extend WorkflowDefinition.', fix);
    }
    candidate.state = 'compiled';
    return candidate.compiled;
  }

  /** What the steps of a workflow name is looked for from the module that provides the workflow. */
  #resolverFor({ host }: Candidate): Resolver {
    return {
      node: (type, faults, key) => {
        const found = this.providers.find(type, host);
        if ('instance' in found) return found.instance;
        const { code, message, fix } = found.problem;
        faults.add(code === 'not_provided' ? 'node_not_provided' : code, message, fix, key);
        return undefined;
      },
      workflow: (type, faults, key) => this.#nested(type, host, faults, key),
    };
  }

  #nested(
    type: Type<unknown>,
    from: HostModule | undefined,
    faults: DefinitionFaults,
    key: string,
  ): CompiledWorkflow | undefined {
    const found = this.providers.find(type, from);
    if ('problem' in found && found.problem.code !== 'not_provided') {
      faults.add(found.problem.code, found.problem.message, found.problem.fix, key);
      return undefined;
    }
    const candidate = 'instance' in found ? this.#candidates.get(found.instance) : this.#onlyOne(type);
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

  #register(candidate: Candidate, workflow: CompiledWorkflow): void {
    const { options, faults } = candidate;
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
      if (isFree) {
        this.#names.set(id, candidate);
        continue;
      }
      const { message, fix } = describeClash(id, candidate, this.#names.get(id));
      faults.add('duplicate_workflow_id', message, fix);
    }
  }

  /** Of those that are provided under another token than their class. */
  #onlyOne(type: Type<unknown>): Candidate | undefined {
    const candidates = [...this.#candidates.values()].filter((candidate) => candidate.type === type);
    return candidates.length === 1 ? candidates[0] : undefined;
  }
}

/** What is wrong where a name is taken, with both classes and the modules that provide them. */
function describeClash(
  name: string,
  candidate: Candidate,
  holder: Candidate | undefined,
): { readonly message: string; readonly fix: string } {
  const [mine, other] = [candidate, holder].map((each) => each && `${each.type.name} of ${moduleName(each.host)}`);
  if (holder === candidate) return { message: `${mine} has the name "${name}" twice.`, fix: 'Leave it in once.' };
  if (holder?.type === candidate.type) {
    const message = `${other} and ${mine} are two instances of one class, and both would have the name "${name}".`;
    return { message, fix: 'Provide it in one module only, and export it from there.' };
  }
  const both = mine === other ? `two classes called ${mine}` : `${other ?? 'something else'} and ${mine}`;
  return { message: `${both} have the name "${name}".`, fix: 'Choose another id or alias for one of them.' };
}

/** The class of what a provider gives; undefined if it gives no object, or will only for a request. */
function findClass({ instance, metatype, token }: ProviderWrapper): Type<object> | undefined {
  if (typeof instance === 'object' && instance !== null) {
    // Not instance.constructor: the value of a provider may be a proxy that throws at names it does not know.
    const prototype = Object.getPrototypeOf(instance) as object | null;
    const type = prototype?.constructor;
    return typeof type === 'function' ? (type as Type<object>) : undefined;
  }
  return [metatype, token].find(isWorkflowClass);
}

function isWorkflowClass(type: unknown): type is Type<object> {
  if (typeof type !== 'function') return false;
  return Reflect.hasMetadata(WorkflowMetadata.KEY, type) || type.prototype instanceof WorkflowDefinition;
}
