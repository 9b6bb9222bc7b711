/** Writes down which modules a process loads: `node --import` this, with a file in LOADED_MODULES. */
import { appendFileSync } from 'node:fs';
import { register } from 'node:module';

const file = process.env['LOADED_MODULES'];

export async function load(url, context, nextLoad) {
  appendFileSync(file, `${url}\n`);
  return nextLoad(url, context);
}

// Node loads this file once more in the thread of its loaders, as the loader.
if (!import.meta.url.endsWith('?loader')) register(`${import.meta.url}?loader`);
