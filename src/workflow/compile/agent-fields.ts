import { Agent, type AnyAgent } from '../agents/agent.js';
import type { DefinitionFaults } from './definition-faults.js';

/** The fields that hold agents. Those that are private to the language (`#topic`) cannot be seen. */
export function findAgents(definition: object): Map<AnyAgent, string> {
  return new Map(Array.from(findFields(definition), ([agent, [field = '']]) => [agent, field]));
}

/**
 * Maps each field's value to the field's name, so that a step is called by its field even if the field holds no agent. A
 * value that two fields hold, such as undefined, gets no name.
 */
export function nameFields(definition: object): ReadonlyMap<unknown, string> {
  const names = new Map<unknown, string>();
  const shared = new Set<unknown>();
  for (const [field, value] of Object.entries(definition)) {
    if (names.has(value)) shared.add(value);
    names.set(value, field);
  }
  for (const value of shared) names.delete(value);
  return names;
}

/**
 * Reports agents that two fields hold.
 * @returns true if there are any
 */
export function reportSharedAgents(definition: object, faults: DefinitionFaults): boolean {
  const shared = [...findFields(definition).values()].filter((fields) => fields.length > 1);
  for (const fields of shared) {
    const [first = ''] = fields;
    const names = fields.map((field) => `"${field}"`).join(' and ');
    const problem = `the fields ${names} hold one and the same agent. A step is called by its agent's field, so all of them would be "${first}".`;
    const fix =
      'Make an agent for each field with agent({ … }), or keep one field and give its steps keys: { key: … }.';
    faults.add('shared_agent', problem, fix, first);
  }
  return shared.length > 0;
}

/** Reports a step whose agent is in a place where no field gives it a name. */
export function reportUnnamedAgent(key: string, agent: AnyAgent, definition: object, faults: DefinitionFaults): void {
  const { place, fix } = describePlace(agent, definition);
  const fixes = `${fix}, or give the step a key: { key: … }.`;
  faults.add('unnamed_agent', `its agent is ${place}, so it has no name.`, fixes, key);
}

function findFields(definition: object): Map<AnyAgent, string[]> {
  const fields = new Map<AnyAgent, string[]>();
  for (const [field, value] of Object.entries(definition)) {
    if (!(value instanceof Agent)) continue;
    const names = fields.get(value);
    if (names === undefined) fields.set(value, [field]);
    else names.push(field);
  }
  return fields;
}

function describePlace(agent: AnyAgent, definition: object): { readonly place: string; readonly fix: string } {
  const owner = findHolder(definition, agent);
  if (owner !== undefined) return { place: `inside the field "${owner}"`, fix: 'Give each agent a field of its own' };
  const constant = findHolder(definition.constructor, agent);
  if (constant !== undefined) {
    return { place: `in the static field "${constant}"`, fix: 'Put it into a field of the instance, without `static`' };
  }
  const getters = listGetters(definition).map((name) => `"${name}"`);
  const known = getters.length === 0 ? '' : `, such as ${getters.join(', ')},`;
  return {
    place: `in no field that can be seen (a private #field and a getter${known} cannot)`,
    fix: 'Put it into a field: readonly answer = agent({ … }), or private readonly answer',
  };
}

/** The field of an object that holds an agent, or a list or table with it. */
function findHolder(object: object, agent: AnyAgent): string | undefined {
  return Object.entries(object).find(([, value]) => value === agent || isAmong(agent, value))?.[0];
}

function isAmong(agent: AnyAgent, value: unknown): boolean {
  if (typeof value !== 'object' || value === null || value instanceof Agent) return false;
  const members = value instanceof Map || value instanceof Set ? [...value.values()] : Object.values(value);
  return members.includes(agent);
}

function listGetters(definition: object): readonly string[] {
  const prototype = Object.getPrototypeOf(definition) as object | null;
  if (prototype === null || prototype === Object.prototype) return [];
  const own = Object.entries(Object.getOwnPropertyDescriptors(prototype));
  return [...own.filter(([, property]) => property.get !== undefined).map(([name]) => name), ...listGetters(prototype)];
}
