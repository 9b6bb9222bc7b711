import { existsSync, readFileSync, realpathSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { isJsonObject, type JsonObject } from '../kernel/index.js';
import { CliError } from './cli-error.js';

/** The folder of the package that this program belongs to. */
export const OWN_ROOT = join(import.meta.dirname, '../..');

/** The settings of this command line, in the field `millrace` of `package.json`. Paths are relative to its folder. */
interface ProjectSettings {
  /** The compiled file whose default export, or else `AppModule`, is the application's module. */
  readonly app?: string;
  /** The compiled file that `millrace dev` runs. */
  readonly main?: string;
}

/** A project is a folder with a `package.json`. */
export interface Project {
  readonly root: string;
  readonly manifest: JsonObject;
  readonly settings: ProjectSettings;
  /** True: the checkout, or an image, of Millrace itself. */
  readonly isMillrace: boolean;
}

/**
 * Finds the project that a folder is in.
 * @throws CliError if there is none, it has no sources, or its `package.json` cannot be read
 */
export function openProject(folder: string): Project {
  const project = findProject(folder);
  if (project === undefined) {
    throw new CliError(
      'There is no package.json here or in a folder above. Change to the folder of your project, or make one: millrace init my-app',
    );
  }
  if (project.isMillrace && !existsSync(join(project.root, 'src'))) {
    throw new CliError(
      'There are no sources here to compile: images of Millrace hold none, nor does its package. Change to the folder of your own project, or to a checkout of Millrace.',
    );
  }
  return project;
}

/**
 * Finds the project that a folder is in; undefined if there is none.
 * @throws CliError if its `package.json` cannot be read
 */
export function findProject(folder: string): Project | undefined {
  const path = join(folder, 'package.json');
  if (existsSync(path)) return readProject(folder, path);
  const above = dirname(folder);
  return above === folder ? undefined : findProject(above);
}

function readProject(root: string, path: string): Project {
  const manifest = readManifest(path);
  const settings = manifest['millrace'];
  return {
    root,
    manifest,
    settings: isJsonObject(settings) ? readProjectSettings(settings, path) : {},
    isMillrace: realpathSync(root) === realpathSync(OWN_ROOT),
  };
}

function readManifest(path: string): JsonObject {
  try {
    const manifest: unknown = JSON.parse(readFileSync(path, 'utf8'));
    if (isJsonObject(manifest)) return manifest;
  } catch (cause) {
    throw new CliError(`${path} cannot be read as JSON. Fix it first.`, { cause });
  }
  throw new CliError(`${path} does not hold a JSON object. Correct it first.`);
}

function readProjectSettings({ app, main }: JsonObject, path: string): ProjectSettings {
  for (const [name, value] of Object.entries({ app, main })) {
    if (value !== undefined && typeof value !== 'string') {
      throw new CliError(`"millrace": { "${name}" } in ${path} must be the path of a file.`);
    }
  }
  return { ...(typeof app === 'string' && { app }), ...(typeof main === 'string' && { main }) };
}

/** True if the project lists this package as a dependency. */
export function hasPackage({ manifest }: Project, name: string): boolean {
  return ['dependencies', 'devDependencies'].some((field) => {
    const packages = manifest[field];
    return isJsonObject(packages) && name in packages;
  });
}

/** Says how the commands of this program are called in a project: by its own script, if it has one. */
export function describeCall({ manifest }: Project): string {
  const { scripts } = manifest;
  return isJsonObject(scripts) && 'workflow' in scripts ? 'npm run workflow --' : 'npx millrace';
}

/** Says how a project is compiled: by its own script, if it has one. */
export function describeBuild({ manifest }: Project): string {
  const { scripts } = manifest;
  return isJsonObject(scripts) && 'build' in scripts ? 'npm run build' : 'npx tsc';
}
