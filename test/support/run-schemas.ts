import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { Ajv } from 'ajv';
import { QUICK_TO_COMPILE } from './quick-to-compile.js';
import { ROOT } from './places.js';

/** The published description of this server. */
const DOCUMENT = JSON.parse(readFileSync(join(ROOT, 'openapi.json'), 'utf8')) as {
  readonly components: { readonly schemas: Readonly<Record<string, object>> };
};

const ajv = new Ajv({ strict: false, allErrors: true, validateFormats: false, ...QUICK_TO_COMPILE });
ajv.addSchema({ $id: 'openapi', components: { schemas: closeObjects(DOCUMENT.components.schemas) } });

/**
 * Checks a run against the description.
 * @throws Error that lists every fault
 */
export function assertValidRun(json: unknown): void {
  assertValid('Run', json);
}

/** Checks a page of runs in the same way. */
export function assertValidRunList(json: unknown): void {
  assertValid('RunList', json);
}

/**
 * Checks an event of a run in the same way.
 * @param name the name of its SSE event
 */
export function assertValidRunEvent(json: unknown, name: string): void {
  assertValid('RunEvent', json);
  const { type } = json as { readonly type: string };
  if (type !== name) throw new Error(`the event ${name} has the data of ${type}`);
}

/** Checks a schedule, or the list of all schedules of a key, in the same way. */
export function assertValidSchedule(json: unknown): void {
  assertValid((json as { readonly object: unknown }).object === 'list' ? 'ScheduleList' : 'Schedule', json);
}

/** Checks an inspection in the same way. */
export function assertValidInspection(json: unknown): void {
  assertValid('RunInspection', json);
}

/** Checks an answered wait in the same way. */
export function assertValidAnsweredWait(json: unknown): void {
  assertValid('AnsweredWait', json);
}

/** Checks a ticket in the same way. */
export function assertValidTicket(json: unknown): void {
  const { url, expires_at: at } = json as { readonly url: unknown; readonly expires_at: unknown };
  if (typeof url !== 'string' || !Number.isInteger(at)) throw new Error('a ticket without url and expires_at');
}

function assertValid(name: string, json: unknown): void {
  const validate = ajv.getSchema(`openapi#/components/schemas/${name}`);
  if (validate === undefined) throw new Error(`openapi.json has no schema ${name}: run npm run openapi`);
  if (!(validate(json) as boolean)) throw new Error(ajv.errorsText(validate.errors?.slice(0, 10)));
}

/** Forbids undescribed fields in all objects, unless their schema allows them. */
function closeObjects(schema: unknown): unknown {
  if (Array.isArray(schema)) return schema.map(closeObjects);
  if (typeof schema !== 'object' || schema === null) return schema;
  const closed = Object.fromEntries(Object.entries(schema).map(([key, value]) => [key, closeObjects(value)]));
  const isOpen =
    !('properties' in closed) || typeof closed['properties'] !== 'object' || 'additionalProperties' in closed;
  return isOpen || closed['type'] !== 'object' ? closed : { ...closed, additionalProperties: false };
}
