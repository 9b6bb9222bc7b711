import { existsSync } from 'node:fs';
import { relative, resolve } from 'node:path';
import { pathToFileURL } from 'node:url';
import type { DynamicModule, Type } from '@nestjs/common';
import { ensureError, readErrorCode } from '../../kernel/index.js';
import { CliError } from '../cli-error.js';
import { describeBuild, findProject, type Project } from '../project.js';

/** Where Nest's own tools put the module of an application. */
const USUAL = ['dist/app.module.js', 'dist/src/app.module.js'];

/** A module of Nest: its class, or an object that refers to one. */
type ApplicationModule = Type | DynamicModule;

/** The place of the application that commands open. */
export interface ApplicationPlace {
  /** The folder of the project: the application is started in it, and its `.env` is there. */
  readonly root: string;
  /** The compiled file of its module. */
  readonly file: string;
}

/**
 * Finds the application of the project that a folder is in.
 * @param app a compiled file that the user names; default: what `package.json` says, or where Nest's tools put it
 * @returns undefined: it is Millrace's own service
 * @throws CliError if there is no such file
 */
export function findApplication(folder: string, app?: string): ApplicationPlace | undefined {
  const project = findProject(folder);
  if (app !== undefined) return { root: project?.root ?? folder, file: findFile(folder, [app], project) };
  if (project === undefined || project.isMillrace) return undefined;
  const { root, settings } = project;
  return { root, file: findFile(root, settings.app === undefined ? USUAL : [settings.app], project) };
}

function findFile(folder: string, names: readonly string[], project?: Project): string {
  const file = names.map((name) => resolve(folder, name)).find((path) => existsSync(path));
  if (file !== undefined) return file;
  const build = project === undefined ? 'npx tsc' : describeBuild(project);
  throw new CliError(
    [
      `${names[0]} is not there. Build the application first: ${build}`,
      'If its module is in another file, say so: --app <compiled file>, or "millrace": { "app": "<compiled file>" } in package.json.',
    ].join('\n'),
  );
}

/**
 * @throws CliError if the file exports no module of Nest, or imports what is not installed; and whatever its code
 * throws when it is loaded
 */
export async function loadModule({ root, file }: ApplicationPlace): Promise<ApplicationModule> {
  const loaded = await loadFile(file);
  // What a CommonJS file exports is the default export of an ES module.
  const exported: Readonly<Record<string, unknown>> = isNamespace(loaded['default'])
    ? { ...loaded['default'], ...loaded, default: loaded['default']['default'] }
    : loaded;
  const module = [exported['default'], exported['AppModule'], ...Object.values(exported)].find(isModule);
  if (module !== undefined) return module;
  throw new CliError(
    `${relative(root, file)} exports no module of Nest. Name the file that exports your AppModule: --app <compiled file>.`,
  );
}

async function loadFile(file: string): Promise<Readonly<Record<string, unknown>>> {
  try {
    return (await import(pathToFileURL(file).href)) as Readonly<Record<string, unknown>>;
  } catch (error) {
    if (readErrorCode(error) !== 'ERR_MODULE_NOT_FOUND') throw error;
    const { message } = ensureError(error);
    throw new CliError(
      `The application cannot be loaded: ${message}\nInstall what is missing (npm install), or build the application again (npm run build).`,
      { cause: error },
    );
  }
}

function isNamespace(value: unknown): value is Readonly<Record<string, unknown>> {
  return typeof value === 'object' && value !== null && !('module' in value);
}

/** Decorators keep what they were given as metadata of the class. */
function isModule(value: unknown): value is ApplicationModule {
  if (typeof value === 'object' && value !== null) return 'module' in value;
  if (typeof value !== 'function') return false;
  return ['imports', 'providers', 'controllers', 'exports'].some((key) => Reflect.hasMetadata(key, value));
}
