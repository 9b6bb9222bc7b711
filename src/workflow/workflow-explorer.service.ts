import { Injectable, type OnModuleInit, type Type } from '@nestjs/common';
import { DefinitionError } from '../errors/index.js';
import { AgentCompiler } from './agents/agent-compiler.js';
import { findAgents } from './compile/agent-fields.js';
import { checkWorkflowOptions } from './check-workflow-options.js';
import { checkStepKeys } from './compile/check-step-keys.js';
import type { Resolver } from './compile/compile-scope.js';
import { compileWorkflow } from './compile/compile-workflow.js';
import { DefinitionFaults } from './compile/definition-faults.js';
import { listClasses, type WiredWorkflow, wireWorkflow, type WorkflowDefinition } from './compile/wire-workflow.js';
import {
  findScopeProblem,
  type HostModule,
  readModuleName,
  ProviderFinder,
  type ProviderWrapper,
} from './provider-finder.service.js';
import { checkScheduledParameters, checkSchedules } from './schedules/check-schedules.js';
import { WorkflowRegistry } from './workflow-registry.service.js';
import type { CompiledWorkflow } from './workflow-schema.js';
import type { WorkflowLike } from './workflow-types.js';
import { WorkflowMetadata, type WorkflowOptions } from './workflow.decorator.js';

/** A name must not end in `/graph`: the address of its own page would be that of another workflow's graph. */
const VALID_NAME = /^(?!.*\/graph$)[A-Za-z0-9._:/-]{1,128}$/;

/** Codes of the problems of nodes that differ from those of other classes. */
const NODE_CODES: Readonly<Record<string, string>> = { not_provided: 'node_not_provided', not_made: 'node_not_ready' };

/** A workflow that was found, with its state. */
interface Candidate {
  readonly options: WorkflowOptions;
  readonly type: Type<object>;
  readonly definition: object;
  /** The module that provides it: its nodes and tools are found, or made, from there. */
  readonly host: HostModule | undefined;
  readonly faults: DefinitionFaults;
  /** Absent if its `define` could not be run. */
  wired?: WiredWorkflow;
  state: 'found' | 'compiling' | 'compiled';
  compiled?: CompiledWorkflow;
}

/** Finds the workflows among the providers of all modules, compiles them, and fills the registry. */
@Injectable()
export class WorkflowExplorer implements OnModuleInit {
  /** Workflows by instance. */
  readonly #candidates = new Map<unknown, Candidate>();
  /** Faults of providers that cannot be used as workflows. */
  readonly #refused: DefinitionFaults[] = [];
  readonly #names = new Map<string, Candidate>();

  constructor(
    private readonly providers: ProviderFinder,
    private readonly registry: WorkflowRegistry,
    private readonly agents: AgentCompiler,
  ) {}

  /** @throws DefinitionError that lists all faults of all workflows */
  async onModuleInit(): Promise<void> {
    for (const wrapper of this.providers.all) this.#inspect(wrapper);
    for (const candidate of this.#candidates.values()) {
      await checkSchedules(candidate.options, candidate.faults);
      await this.#wire(candidate);
    }
    for (const candidate of this.#candidates.values()) {
      const workflow = this.#compile(candidate);
      if (workflow !== undefined) this.#register(candidate, workflow);
    }
    const found = [...this.#candidates.values()].map((candidate) => candidate.faults);
    const faults = [...found, ...this.#refused].flatMap((each) => each.all);
    if (faults.length > 0) throw new DefinitionError(faults);
  }

  /** Inspects the instance, because factories and values say nothing about its class. */
  #inspect(wrapper: ProviderWrapper): void {
    const type = findClass(wrapper);
    if (type === undefined) return;
    const given: unknown = Reflect.getMetadata(WorkflowMetadata.KEY, type);
    const definition: unknown = wrapper.instance;
    if (given === undefined) {
      if (isUndecorated(definition)) this.#refuse(type, readModuleName(wrapper.host));
      return;
    }
    const { options, problems } = checkWorkflowOptions(given, type.name);
    const faults = new DefinitionFaults(options.id);
    for (const { code, problem, fix } of problems) faults.add(code, problem, fix);
    const scoped = findScopeProblem(wrapper);
    if (scoped !== undefined) {
      faults.add(scoped.problem.code, scoped.problem.message, scoped.problem.fix);
      this.#refused.push(faults);
    } else if (typeof definition === 'object' && definition !== null && !this.#candidates.has(definition)) {
      this.#candidates.set(definition, { options, type, definition, host: wrapper.host, faults, state: 'found' });
    }
  }

  #refuse(type: Type<object>, host: string): void {
    const faults = new DefinitionFaults(type.name);
    const message = `${type.name}, which ${host} provides, is not a workflow without @Workflow.`;
    faults.add('workflow_not_decorated', message, `Give it @Workflow({ id: …, description: … }), or remove it there.`);
    this.#refused.push(faults);
  }

  /** Runs its `define`, and makes the classes that its steps name and no module provides. */
  async #wire(candidate: Candidate): Promise<void> {
    const { definition, faults, host } = candidate;
    if (!isDefinition(definition)) {
      faults.add('not_a_workflow', 'what its provider gives has no define().', 'Give its class define(flow, refs).');
      return;
    }
    const wired = wireWorkflow(definition, faults);
    if (wired === undefined) return;
    candidate.wired = wired;
    checkStepKeys(wired.flow, faults);
    if (host === undefined) return;
    for (const type of listClasses(wired)) await this.providers.make(type, host);
  }

  #compile(candidate: Candidate): CompiledWorkflow | undefined {
    if (candidate.state === 'compiled') return candidate.compiled;
    candidate.state = 'compiling';
    const { options, wired, faults } = candidate;
    const compiled = wired && compileWorkflow(options, wired, this.#makeResolver(candidate), faults);
    if (compiled !== undefined) candidate.compiled = compiled;
    candidate.state = 'compiled';
    return candidate.compiled;
  }

  /** Makes a resolver that searches from the module that provides the workflow. */
  #makeResolver({ host }: Candidate): Resolver {
    return {
      findNode: (type, faults, key) => {
        const found = this.providers.find(type, host);
        if ('instance' in found) return found.instance;
        const { code, message, fix } = found.problem;
        faults.add(NODE_CODES[code] ?? code, message, fix, key);
        return undefined;
      },
      makeAgentNode: (agent, use) =>
        this.agents.compile(agent, { ...use, findTool: (type) => this.providers.find(type, host) }),
      findWorkflow: (type, faults, key) => this.#compileNested(type, host, faults, key),
    };
  }

  #compileNested(
    type: Type<WorkflowLike>,
    from: HostModule | undefined,
    faults: DefinitionFaults,
    key: string,
  ): CompiledWorkflow | undefined {
    const found = this.providers.find(type, from);
    if ('problem' in found && found.problem.code !== 'not_provided') {
      faults.add(found.problem.code, found.problem.message, found.problem.fix, key);
      return undefined;
    }
    const candidate = 'instance' in found ? this.#candidates.get(found.instance) : this.#findByClass(type);
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
    checkScheduledParameters(workflow, faults);
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

  /** Finds a workflow that is provided under another token than its class. */
  #findByClass(type: Type<unknown>): Candidate | undefined {
    const candidates = [...this.#candidates.values()].filter((candidate) => candidate.type === type);
    return candidates.length === 1 ? candidates[0] : undefined;
  }
}

/** Describes a name that is used twice, with both classes and the modules that provide them. */
function describeClash(
  name: string,
  candidate: Candidate,
  holder: Candidate | undefined,
): { readonly message: string; readonly fix: string } {
  const [mine, other] = [candidate, holder].map((each) => each && `${each.type.name} of ${readModuleName(each.host)}`);
  if (holder === candidate) return { message: `${mine} has the name "${name}" twice.`, fix: 'Leave it in once.' };
  if (holder?.type === candidate.type) {
    const message = `${other} and ${mine} are two instances of one class, and both would have the name "${name}".`;
    return { message, fix: 'Provide it in one module only, and export it from there.' };
  }
  const both = mine === other ? `two classes called ${mine}` : `${other ?? 'something else'} and ${mine}`;
  return { message: `${both} have the name "${name}".`, fix: 'Choose another id or alias for one of them.' };
}

/** Finds the class of a provider's instance; undefined if there is no object. */
function findClass({ instance, metatype, token }: ProviderWrapper): Type<object> | undefined {
  if (typeof instance === 'object' && instance !== null) {
    // Not instance.constructor, because a provided value may be a proxy that throws for unknown names.
    const prototype = Object.getPrototypeOf(instance) as object | null;
    const type = prototype?.constructor;
    return typeof type === 'function' ? (type as Type<object>) : undefined;
  }
  return [metatype, token].find(isDecorated);
}

function isDecorated(type: unknown): type is Type<object> {
  return typeof type === 'function' && Reflect.hasMetadata(WorkflowMetadata.KEY, type);
}

function isDefinition(definition: object): definition is WorkflowDefinition {
  return 'define' in definition && typeof definition.define === 'function';
}

/** Whether a provider looks like a workflow without the decorator: it has agents in its fields, and a `define`. */
function isUndecorated(instance: unknown): boolean {
  if (typeof instance !== 'object' || instance === null) return false;
  // A proxy may throw for unknown names.
  const prototype = Object.getPrototypeOf(instance) as object | null;
  return prototype !== null && Object.hasOwn(prototype, 'define') && findAgents(instance).size > 0;
}
