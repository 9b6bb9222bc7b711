/**
 * The official conformance tests of MCP import a function of `fs` that Node has since version 22, for a command that is not used here.
 * This lets them start with an older Node: `node --import ./test/support/fs-with-glob.mjs …`.
 */
import fs from 'node:fs';
import { register } from 'node:module';

const HOOKS = `
const SOURCE = "export * from 'node:fs'; export { default } from 'node:fs'; export const globSync = () => [];";
export async function resolve(specifier, context, next) {
  if (specifier !== 'fs' || !context.parentURL?.includes('/conformance/')) return next(specifier, context);
  return { url: 'fs-with-glob:', format: 'module', shortCircuit: true };
}
export async function load(url, context, next) {
  return url === 'fs-with-glob:' ? { format: 'module', source: SOURCE, shortCircuit: true } : next(url, context);
}`;

if (fs.globSync === undefined) register(`data:text/javascript,${encodeURIComponent(HOOKS)}`);
