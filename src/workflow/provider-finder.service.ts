import { Injectable, Scope, type Type } from '@nestjs/common';
import { DiscoveryService, ModuleRef } from '@nestjs/core';
import { ConfigurationError } from '../errors/index.js';
import { ensureError } from '../kernel/index.js';

/** Nest's metadata key of `@Injectable({ scope })`. */
const SCOPE_OPTIONS_METADATA = 'scope:options';
/** TypeScript's and Nest's metadata keys of what a constructor asks for. */
const PARAMETER_TYPES = 'design:paramtypes';
const NAMED_PARAMETERS = 'self:paramtypes';
const NAMED_PROPERTIES = 'self:properties_metadata';
/** Lifecycle hooks that Nest calls on a provider. */
const HOOKS = [
  'onModuleInit',
  'onApplicationBootstrap',
  'onModuleDestroy',
  'beforeApplicationShutdown',
  'onApplicationShutdown',
] as const;

/** A module of the application, as Nest keeps it. */
export type HostModule = ReturnType<DiscoveryService['getModules']>[number];
/** A provider of one module, as Nest keeps it. */
export type ProviderWrapper = ReturnType<DiscoveryService['getProviders']>[number];

/** Why there is no usable instance of a class. */
interface ProviderProblem {
  /** Stable word. */
  readonly code: 'not_provided' | 'ambiguous_provider' | 'scoped_provider' | 'not_made';
  /** What is wrong; completes a sentence that begins with the name of the class. */
  readonly message: string;
  /** What the developer should do. */
  readonly fix: string;
}

/** The instance of a class for one place in the application, or the problem. */
export type FoundProvider<T> = { readonly instance: T } | { readonly problem: ProviderProblem };

/**
 * Finds the instances of classes that workflows name: nodes, tools and other workflows.
 *
 * If several modules provide a class, the instance depends on the asker. The rule is that of Nest for constructors:
 * first the asker's module, then what its imports export, global modules last. An instance out of reach is still used
 * if the application has exactly one. An instance that {@link make} made for a module comes first.
 */
@Injectable()
export class ProviderFinder {
  /** Instances that were made, by the module that they were made for. */
  readonly #made = new Map<HostModule, Map<Type<unknown>, FoundProvider<unknown>>>();

  constructor(private readonly discovery: DiscoveryService) {}

  /** The providers of all modules. Aliases of another provider (`useExisting`) come last. */
  get all(): readonly ProviderWrapper[] {
    return this.discovery.getProviders().toSorted((a, b) => Number(a.isAlias) - Number(b.isAlias));
  }

  /**
   * Makes an instance of a class that no module within reach provides, from the providers that the module sees: once for each
   * module. From then on {@link find} returns it, or says why there is none.
   */
  async make(type: Type<unknown>, from: HostModule): Promise<void> {
    if (findVisibleProvider(from, type, new Set()) !== undefined) return;
    const made = this.#made.get(from) ?? new Map<Type<unknown>, FoundProvider<unknown>>();
    this.#made.set(from, made);
    if (!made.has(type)) made.set(type, await makeInstance(type, from));
  }

  /** @param from the module of the asker; undefined if it is in none: then the application must have exactly one instance */
  find<T>(type: Type<T>, from: HostModule | undefined): FoundProvider<T> {
    const made = from && this.#made.get(from)?.get(type);
    if (made !== undefined) return made as FoundProvider<T>;
    const seen = from && findVisibleProvider(from, type, new Set());
    const wrappers = seen === undefined ? this.#listDistinct(type) : [seen];
    const [wrapper, ...others] = wrappers;
    if (wrapper === undefined) {
      const place = from === undefined ? 'a module' : readModuleName(from);
      const fix = `Add ${readClassName(type)} to the providers of ${place}.`;
      return { problem: { code: 'not_provided', message: 'no module provides it.', fix } };
    }
    if (others.length > 0) {
      const message = `several modules provide it (${wrappers.map(({ host }) => readModuleName(host)).join(', ')}), none of them within reach of ${readModuleName(from)}.`;
      const fix = `Add ${readClassName(type)} to the providers of ${readModuleName(from)}, or export it from the module that is meant and import that one there.`;
      return { problem: { code: 'ambiguous_provider', message, fix } };
    }
    return findScopeProblem(wrapper) ?? { instance: wrapper.instance as T };
  }

  /** Finds the module that provides an instance or that it was made for; undefined if there is none. */
  findHost(instance: object): HostModule | undefined {
    for (const [host, made] of this.#made) {
      if ([...made.values()].some((one) => 'instance' in one && one.instance === instance)) return host;
    }
    return this.all.find((wrapper) => wrapper.instance === instance)?.host;
  }

  #listDistinct(type: Type<unknown>): readonly ProviderWrapper[] {
    const byInstance = new Map<unknown, ProviderWrapper>();
    for (const wrapper of this.all) {
      if (wrapper.token === type && !byInstance.has(wrapper.instance)) byInstance.set(wrapper.instance, wrapper);
    }
    return [...byInstance.values()];
  }
}

async function makeInstance(type: Type<unknown>, host: HostModule): Promise<FoundProvider<unknown>> {
  const scope = (Reflect.getMetadata(SCOPE_OPTIONS_METADATA, type) as { readonly scope?: Scope } | undefined)?.scope;
  if (scope === Scope.REQUEST || scope === Scope.TRANSIENT) {
    const name = scope === Scope.REQUEST ? 'Scope.REQUEST' : 'Scope.TRANSIENT';
    return { problem: makeScopeProblem(`it has ${name}, but one instance must serve all runs.`) };
  }
  // TypeScript emits the types of a constructor's parameters only for classes with a decorator.
  const known = [PARAMETER_TYPES, NAMED_PARAMETERS].some((key) => Reflect.hasMetadata(key, type));
  if (type.length > 0 && !known) {
    const message = 'its constructor asks for something, and nothing says for what.';
    return { problem: { code: 'not_made', message, fix: 'Give the class the decorator @Injectable().' } };
  }
  // Before Nest 12, creating a class with such a dependency never ends.
  const isScoped = listDependencies(type).some(
    (token) => findVisibleProvider(host, token, new Set())?.isDependencyTreeStatic() === false,
  );
  if (isScoped) return { problem: makeScopeProblem(INJECTS_SCOPED) };
  const hook = HOOKS.find((name) => name in type.prototype);
  if (hook !== undefined) {
    const message = `it has ${hook}(), which Nest calls only for what a module provides.`;
    const fix = `Add ${readClassName(type)} to the providers of ${readModuleName(host)}.`;
    return { problem: { code: 'not_provided', message, fix } };
  }
  const module = host.providers.get(ModuleRef)?.instance as ModuleRef;
  try {
    return { instance: await module.create(type) };
  } catch (thrown) {
    // A missing setting concerns the whole service and is not a fault of this class.
    if (thrown instanceof ConfigurationError) throw thrown;
    return { problem: describeFailedMaking(ensureError(thrown), type, host) };
  }
}

/** Lists the tokens of what Nest injects into a class. */
function listDependencies(type: Type<unknown>): readonly unknown[] {
  const read = (key: string): readonly unknown[] => (Reflect.getMetadata(key, type) as unknown[] | undefined) ?? [];
  const named = [
    ...(read(NAMED_PARAMETERS) as { readonly param: unknown }[]).map(({ param }) => param),
    ...(read(NAMED_PROPERTIES) as { readonly type: unknown }[]).map((property) => property.type),
  ];
  return [...read(PARAMETER_TYPES), ...named];
}

/** Recognises Nest's error by its name, because Nest does not export the class. */
function describeFailedMaking(error: Error, type: Type<unknown>, host: HostModule): ProviderProblem {
  if (error.constructor.name !== 'UnknownDependenciesException') {
    return { code: 'not_made', message: `its constructor threw "${error.message}".`, fix: 'Correct it.' };
  }
  const [sentence = ''] = nameClasses(error.message, listDependencies(type)).split('\n');
  const fix = `Add what it injects to the providers of ${readModuleName(host)}, or import a module there that exports it.`;
  return { code: 'not_provided', message: `it cannot be made. ${sentence}`, fix };
}

/** Nest writes the whole source of an injected class that has no name. */
function nameClasses(message: string, tokens: readonly unknown[]): string {
  return tokens.reduce<string>(
    (text, token) =>
      typeof token === 'function'
        ? text.replaceAll(Function.prototype.toString.call(token), token.name || 'class without a name')
        : text,
    message,
  );
}

/** The name of a class for messages. */
function readClassName(type: { readonly name: string }): string {
  return type.name === '' ? 'the class without a name' : type.name;
}

const INJECTS_SCOPED = 'something that it injects has Scope.REQUEST, but one instance must serve all runs.';

function makeScopeProblem(message: string): ProviderProblem {
  const fix = 'Take the scope away: what belongs to one run is in its input and its TaskContext.';
  return { code: 'scoped_provider', message, fix };
}

/** Finds a provider's problem with its scope: it must not make an instance for each request or each place. */
export function findScopeProblem(wrapper: ProviderWrapper): { readonly problem: ProviderProblem } | undefined {
  const isStatic = wrapper.isDependencyTreeStatic();
  if (isStatic && !wrapper.isTransient) return undefined;
  const isOwn = wrapper.scope === Scope.REQUEST || wrapper.scope === Scope.TRANSIENT;
  const scope = isStatic ? 'Scope.TRANSIENT' : 'Scope.REQUEST';
  const message = isOwn
    ? `its provider in ${readModuleName(wrapper.host)} has ${scope}, but one instance must serve all runs.`
    : `something that it injects has ${scope}, but one instance must serve all runs.`;
  return { problem: makeScopeProblem(message) };
}

/** The name of a module for messages. */
export function readModuleName(module: HostModule | undefined): string {
  return module?.name ?? 'the application';
}

/** Finds what Nest would inject into a provider of the module, in the order of Nest's own injector. */
function findVisibleProvider(
  module: HostModule,
  token: unknown,
  visited: Set<HostModule>,
  exportedOnly = false,
): ProviderWrapper | undefined {
  const key = token as Type<unknown>;
  const own = module.providers.get(key);
  if (own !== undefined && (!exportedOnly || module.exports.has(key))) return own;
  for (const imported of module.imports) {
    if (visited.has(imported) || (exportedOnly && !module.exports.has(imported.metatype))) continue;
    visited.add(imported);
    const found = findVisibleProvider(imported, token, visited, true);
    if (found !== undefined) return found;
  }
  return undefined;
}
