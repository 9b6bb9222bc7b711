import module from 'node:module';
import { join } from 'node:path';

/** Next to the packages whose code it mostly holds, so that it is deleted with them. */
const FOLDER = join(import.meta.dirname, '../../node_modules/.cache/millrace');

/**
 * Makes Node keep the code that it compiles for the next start (from Node 22.1 on). Where the folder cannot be written,
 * nothing is kept and nothing is reported. `NODE_COMPILE_CACHE` names another folder, and
 * `NODE_DISABLE_COMPILE_CACHE=1` turns it off.
 */
export function keepCompiledCode(): void {
  const { enableCompileCache } = module as { enableCompileCache?: (folder?: string) => unknown };
  enableCompileCache?.(process.env['NODE_COMPILE_CACHE'] ?? FOLDER);
}
