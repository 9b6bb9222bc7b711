/** A process that preloads this with `node --import` writes the names of its modules to the file of LOADED_MODULES. */
import { appendFileSync } from 'node:fs';
import { register } from 'node:module';

const file = process.env['LOADED_MODULES'];

export async function load(url, context, nextLoad) {
  appendFileSync(file, `${url}\n`);
  return nextLoad(url, context);
}

// Node loads this file again as the loader, in the thread of its loaders.
if (!import.meta.url.endsWith('?loader')) register(`${import.meta.url}?loader`);
