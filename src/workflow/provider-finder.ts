import { Injectable, Scope, type Type } from '@nestjs/common';
import { DiscoveryService } from '@nestjs/core';

/** A module of the application, as Nest keeps it. */
export type HostModule = ReturnType<DiscoveryService['getModules']>[number];
/** A provider of one module, as Nest keeps it. */
export type ProviderWrapper = ReturnType<DiscoveryService['getProviders']>[number];

/** Why there is no instance of a class to work with. */
export interface ProviderProblem {
  /** Stable word: `not_provided`, `ambiguous_provider` or `scoped_provider`. */
  readonly code: 'not_provided' | 'ambiguous_provider' | 'scoped_provider';
  /** What is wrong, to be read behind the name of the class. */
  readonly message: string;
  /** What the developer should do. */
  readonly fix: string;
}

/** The instance that a place in the application is to work with, or what is wrong. */
export type FoundProvider<T> = { readonly instance: T } | { readonly problem: ProviderProblem };

/**
 * Finds the instances that workflows name by their classes: nodes, tools and other workflows.
 *
 * Where a class is provided by several modules, the instance depends on who asks. The rule is Nest's own for constructors:
 * the asker's module, then what its imports export, global modules last. What lies out of that reach is used all the same
 * if the application has exactly one.
 */
@Injectable()
export class ProviderFinder {
  constructor(private readonly discovery: DiscoveryService) {}

  /** The providers of all modules. Those that only stand for another one (`useExisting`) come last. */
  get all(): readonly ProviderWrapper[] {
    return this.discovery.getProviders().toSorted((a, b) => Number(a.isAlias) - Number(b.isAlias));
  }

  /** @param from the module of the asker; undefined if that is in none: then the application must have exactly one */
  find<T>(type: Type<T>, from: HostModule | undefined): FoundProvider<T> {
    const seen = from && wrapperSeenFrom(from, type, new Set());
    const wrappers = seen === undefined ? this.#distinct(type) : [seen];
    const [wrapper, ...others] = wrappers;
    if (wrapper === undefined) {
      const place = from === undefined ? 'a module' : moduleName(from);
      const fix = `Add ${type.name} to the providers of ${place}.`;
      return { problem: { code: 'not_provided', message: 'no module provides it.', fix } };
    }
    if (others.length > 0) {
      const message = `several modules provide it (${wrappers.map(({ host }) => moduleName(host)).join(', ')}), none of them within reach of ${moduleName(from)}.`;
      const fix = `Add ${type.name} to the providers of ${moduleName(from)}, or export it from the module that is meant and import that one there.`;
      return { problem: { code: 'ambiguous_provider', message, fix } };
    }
    return findScopeProblem(wrapper) ?? { instance: wrapper.instance as T };
  }

  /** The module that provides an instance; undefined if none does. */
  findHost(instance: object): HostModule | undefined {
    return this.all.find((wrapper) => wrapper.instance === instance)?.host;
  }

  #distinct(type: Type<unknown>): readonly ProviderWrapper[] {
    const byInstance = new Map<unknown, ProviderWrapper>();
    for (const wrapper of this.all) {
      if (wrapper.token === type && !byInstance.has(wrapper.instance)) byInstance.set(wrapper.instance, wrapper);
    }
    return [...byInstance.values()];
  }
}

/** What is wrong with a provider that makes an instance for each request, or for each place; undefined if nothing is. */
export function findScopeProblem(wrapper: ProviderWrapper): { readonly problem: ProviderProblem } | undefined {
  const isStatic = wrapper.isDependencyTreeStatic();
  if (isStatic && !wrapper.isTransient) return undefined;
  const isOwn = wrapper.scope === Scope.REQUEST || wrapper.scope === Scope.TRANSIENT;
  const scope = isStatic ? 'Scope.TRANSIENT' : 'Scope.REQUEST';
  const message = isOwn
    ? `its provider in ${moduleName(wrapper.host)} has ${scope}, but one instance must serve all runs.`
    : `something that it injects has ${scope}, but one instance must serve all runs.`;
  const fix = 'Take the scope away: what belongs to one run is in its input and its TaskContext.';
  return { problem: { code: 'scoped_provider', message, fix } };
}

/** For messages. */
export function moduleName(module: HostModule | undefined): string {
  return module?.name ?? 'the application';
}

/** What Nest would inject into a provider of the module. The order is that of Nest's own injector. */
function wrapperSeenFrom(
  module: HostModule,
  token: Type<unknown>,
  visited: Set<HostModule>,
  exportedOnly = false,
): ProviderWrapper | undefined {
  const own = module.providers.get(token);
  if (own !== undefined && (!exportedOnly || module.exports.has(token))) return own;
  for (const imported of module.imports) {
    if (visited.has(imported) || (exportedOnly && !module.exports.has(imported.metatype))) continue;
    visited.add(imported);
    const found = wrapperSeenFrom(imported, token, visited, true);
    if (found !== undefined) return found;
  }
  return undefined;
}
