import { execFile } from 'node:child_process';
import { existsSync } from 'node:fs';
import { createRequire } from 'node:module';
import { dirname, join, relative, resolve, sep } from 'node:path';
import { promisify } from 'node:util';
import { isJsonObject } from '../../kernel/index.js';
import { CliError } from '../cli-error.js';
import type { Project } from '../project.js';

/** How a project is compiled. All paths are absolute. */
export interface TypeScriptProject {
  readonly root: string;
  /** The program `tsc` of the TypeScript that the project has installed. */
  readonly compiler: string;
  readonly configFile: string;
  /** The folder of the sources, `src` or the compiler's root folder where that is another one, and of other files of the application, such as prompt files. */
  readonly sources: string;
  /** The folder that the compiled files, and copies of the others, go to. */
  readonly build: string;
  /** True if the project puts source maps into the compiled files themselves. */
  readonly hasInlineMaps: boolean;
  /** Options of the compiler that leave out declaration files, as far as the project has them and can do without. */
  readonly withoutDeclarations: readonly string[];
}

/**
 * Reads how a project is compiled, from its own compiler.
 * @param config path of its `tsconfig`, from its root; default: `tsconfig.build.json`, or else `tsconfig.json`
 * @throws CliError that says what is missing
 */
export async function readTypeScriptProject({ root }: Project, config?: string): Promise<TypeScriptProject> {
  const compiler = findCompiler(root);
  const names = config === undefined ? ['tsconfig.build.json', 'tsconfig.json'] : [config];
  const configFile = names.map((name) => resolve(root, name)).find((path) => existsSync(path));
  if (configFile === undefined) {
    throw new CliError(
      `${names.join(' and ')}: no such file in ${root}. Say which one to compile with: --project <file>`,
    );
  }
  const { compilerOptions, files } = await readCompilerConfig(compiler, configFile);
  const folder = dirname(configFile);
  const { outDir, rootDir, inlineSourceMap, noEmit } = compilerOptions;
  if (typeof outDir !== 'string' || noEmit === true) {
    throw new CliError(
      `${relative(root, configFile)} does not say where compiled files go. Set "outDir": "./dist" in it.`,
    );
  }
  const base =
    typeof rootDir === 'string'
      ? resolve(folder, rootDir)
      : findCommonFolder(files.map((file) => resolve(folder, file)));
  const src = join(root, 'src');
  // Files outside this folder have no place in the build.
  const sources = base === undefined || `${src}${sep}`.startsWith(`${base}${sep}`) ? src : base;
  return {
    root,
    compiler,
    configFile,
    sources,
    build: join(resolve(folder, outDir), relative(base ?? sources, sources)),
    hasInlineMaps: inlineSourceMap === true,
    withoutDeclarations: findDeclarationOptions(compilerOptions),
  };
}

/** The compiler refuses each of these options where there are no declarations. */
const DECLARATION_OPTIONS: Readonly<Record<string, string>> = {
  declaration: 'false',
  declarationMap: 'false',
  isolatedDeclarations: 'false',
  declarationDir: 'null',
};

function findDeclarationOptions(compilerOptions: Config['compilerOptions']): readonly string[] {
  // Such a project must have them.
  if (compilerOptions['composite'] === true) return [];
  return Object.entries(DECLARATION_OPTIONS).flatMap(([name, value]) =>
    name in compilerOptions ? [`--${name}`, value] : [],
  );
}

function findCompiler(root: string): string {
  try {
    const path = createRequire(join(root, 'package.json')).resolve('typescript/package.json');
    return join(dirname(path), 'bin', 'tsc');
  } catch (cause) {
    throw new CliError('TypeScript is not installed here. Install it: npm install --save-dev typescript', { cause });
  }
}

interface Config {
  readonly compilerOptions: Readonly<Record<string, unknown>>;
  readonly files: readonly string[];
}

/** Reads the settings, with all that they extend. */
async function readCompilerConfig(compiler: string, configFile: string): Promise<Config> {
  try {
    const args = [compiler, '--project', configFile, '--showConfig'];
    const { stdout } = await promisify(execFile)(process.execPath, args, { maxBuffer: 64 * 1024 ** 2 });
    const config: unknown = JSON.parse(stdout);
    const { compilerOptions = {}, files = [] } = isJsonObject(config) ? config : {};
    return {
      compilerOptions: isJsonObject(compilerOptions) ? compilerOptions : {},
      files: Array.isArray(files) ? files.map(String) : [],
    };
  } catch (cause) {
    const { stdout } = cause as { readonly stdout?: string };
    throw new CliError(`${configFile} cannot be read.\n${stdout ?? String(cause)}`.trimEnd(), { cause });
  }
}

/** Finds the innermost folder that holds all these files. The compiler uses it if no `rootDir` is set. */
function findCommonFolder(files: readonly string[]): string | undefined {
  const [first, ...others] = files.map((file) => dirname(file).split(sep));
  if (first === undefined) return undefined;
  const length = others.reduce((shared, parts) => {
    const differs = parts.findIndex((part, index) => part !== first[index]);
    return Math.min(shared, differs < 0 ? parts.length : differs);
  }, first.length);
  return first.slice(0, length).join(sep);
}
