/**
 * Bundles the compiled service into a few files, `dist/service`, which `dist/main.js` starts: most of a start was
 * finding, reading and compiling 1,900 files. Does nothing if it has done so for the files as they are. A folder may be
 * named in place of this checkout. What is decided here, and why, stands in
 * docs/decisions/0026-the-service-in-a-few-files.md.
 */
import { mkdirSync, readdirSync, readFileSync, realpathSync, rmSync } from 'node:fs';
import { dirname, join, relative, resolve, sep } from 'node:path';
import { decode, encode } from '@jridgewell/sourcemap-codec';
import { describeFiles, isFresh, readStamp, writeWhole } from './build-state.mjs';

const root = realpathSync(resolve(process.argv[2] ?? join(import.meta.dirname, '..')));
const dist = join(root, 'dist');
const folder = join(dist, 'service');
const packages = join(root, 'node_modules');
/** What was bundled, with size and time of each file. */
const stamp = join(folder, 'inputs.json');
/**
 * The files of this many earlier bundles stay, named by their contents: a service that runs from one of them loads some
 * of them only when they are needed.
 */
const KEPT_BUNDLES = 4;

/** Code that imports one of these must find the bundled copy, so packages that depend on them are bundled, too. */
const SHARED = [
  '@nestjs/common',
  '@nestjs/core',
  '@nestjs/platform-express',
  'class-transformer',
  'class-validator',
  'millrace',
  'rxjs',
];

/**
 * Packages that each start loads: they are bundled with all that they depend on. Others stay where they are: they are
 * loaded when they are needed, or have native code or files of their own.
 */
const STARTED = [...SHARED, 'class-validator-jsonschema', 'cors', 'express', 'helmet', 'prom-client', 'yaml'];

/**
 * Comes first in each file: its import is evaluated before those of other files of the bundle, where decorators need
 * it.
 */
const BANNER = `import 'reflect-metadata';
import { createRequire as __createRequire } from 'node:module';
import { join as __join } from 'node:path';
const require = __createRequire(import.meta.url);`;

const CLASS = /\bclass ([A-Za-z_$][\w$]*)((?: extends [\w$.]+(?:\([^(){}]*\))?)?) \{/g;
const CLASS_HEAD = /^(?:export |default |return |(?:let |const )?[\w$]+ = | )*class (?!extends )[A-Z_$]/gm;

function readText(file) {
  return readFileSync(file, 'utf8');
}

/** The name of the package that an import names. */
function readPackageName(path) {
  return path
    .split('/')
    .slice(0, path.startsWith('@') ? 2 : 1)
    .join('/');
}

/** Packages may be links to where they are. */
function isInPackages(path, ...scope) {
  return path.includes(join(sep, 'node_modules', ...scope, sep));
}

/** The folder of a package that all share; undefined if it is only in folders of others. */
function findFolder(name) {
  try {
    return realpathSync(join(packages, name));
  } catch {
    return undefined;
  }
}

function readManifest(name) {
  try {
    return JSON.parse(readText(join(packages, name, 'package.json')));
  } catch {
    return {};
  }
}

/** These packages and all that they depend on, by their names. */
function findDependencies(names, found = new Set()) {
  for (const name of names) {
    if (found.has(name)) continue;
    found.add(name);
    findDependencies(Object.keys(readManifest(name).dependencies ?? {}), found);
  }
  return found;
}

/** Decides for each package whether it is bundled. `reflect-metadata` never is, so that it is there once, and first. */
function makePackageRule() {
  const started = findDependencies(STARTED);
  started.delete('reflect-metadata');
  const decisions = new Map();
  const decide = (name) => {
    const { dependencies, peerDependencies } = readManifest(name);
    const needed = Object.keys({ ...dependencies, ...peerDependencies });
    return started.has(name) || needed.some((one) => SHARED.includes(one));
  };
  return (name) => {
    if (!decisions.has(name)) decisions.set(name, decide(name));
    return decisions.get(name);
  };
}

/** Leaves the imports of other packages to Node. */
const outsidePackages = {
  name: 'outside-packages',
  setup({ onResolve, resolve: resolveImport }) {
    const isBundled = makePackageRule();
    onResolve({ filter: /^[^./]/ }, async ({ path, kind, importer, resolveDir, pluginData }) => {
      if (pluginData === outsidePackages || kind === 'entry-point' || path.startsWith('node:')) return undefined;
      const name = readPackageName(path);
      const found = await resolveImport(path, { kind, importer, resolveDir, pluginData: outsidePackages });
      const isMissing = found.errors.length > 0;
      // A package inside another one stays in the bundle: Node would find the one in the outermost node_modules, which
      // may have another version.
      const isOutside = !isBundled(name) && found.path.startsWith(`${findFolder(name)}${sep}`);
      // Packages import optional packages that are not installed. For other imports esbuild resolves the path itself,
      // so that it still reads the `sideEffects` of the package.json.
      return isOutside || (isMissing && isInPackages(importer)) ? { path, external: true } : undefined;
    });
  },
};

/** Keeps what files say of themselves: their places, and the names of their classes. */
const keptFacts = {
  name: 'kept-facts',
  setup({ onLoad }) {
    onLoad({ filter: /\.m?js$/ }, ({ path }) => {
      if (path.startsWith(dist + sep)) return { contents: keepPlace(keepClassNames(readText(path), path), path) };
      if (isInPackages(path, '@nestjs')) return { contents: keepClassNames(readText(path), path) };
      return undefined;
    });
  },
};

/** Joining files renames classes; models, logs and errors need the original names. */
function keepClassNames(text, path) {
  let count = 0;
  const kept = text.replace(CLASS, (head, name) => {
    count++;
    return `${head} static { Object.defineProperty(this, 'name', { value: '${name}', configurable: true }); }`;
  });
  const all = text.match(CLASS_HEAD)?.length ?? 0;
  if (count < all)
    throw new Error(`${path}: the name of a class cannot be kept. Write its head as others are written.`);
  return kept;
}

/**
 * `import.meta` means the file that it stands in, not the one that it is joined into; what that requires is bundled,
 * too.
 */
function keepPlace(text, path) {
  const plain = text.replace('const require = createRequire(import.meta.url);', '');
  if (!/import\.meta\.(?:url|dirname)/.test(plain)) return plain;
  const place = relative(folder, path).split(sep).join('/');
  const url = `new URL(${JSON.stringify(place)}, import.meta.url).href`;
  const directory = `__join(import.meta.dirname, ${JSON.stringify(dirname(place))})`;
  const body = plain.replaceAll('import.meta.url', '__fileUrl').replaceAll('import.meta.dirname', '__directory');
  return `const __fileUrl = ${url}, __directory = ${directory}; ${body}`;
}

async function bundle() {
  // Loading it takes longer than finding out that there is nothing to do.
  const { build } = await import('esbuild');
  const { outputFiles, metafile } = await build({
    absWorkingDir: root,
    entryPoints: [join(dist, 'app/main.js')],
    outdir: folder,
    bundle: true,
    splitting: true,
    format: 'esm',
    platform: 'node',
    target: 'node20.19',
    // None but those that Node knows.
    conditions: [],
    // Not the paths of tsconfig.json: those are of sources.
    tsconfigRaw: '{}',
    banner: { js: BANNER },
    plugins: [outsidePackages, keptFacts],
    sourcemap: true,
    sourcesContent: false,
    legalComments: 'none',
    metafile: true,
    write: false,
    logLevel: 'warning',
  });
  return { files: outputFiles, inputs: Object.keys(metafile.inputs) };
}

/**
 * Leaves in a source map the lines of Millrace's own sources. Node reads it at each start, and decodes all of it for
 * the first stack: as esbuild makes it, that would hold the process up for a fifth of a second, and keep 15 MB.
 */
function keepOwnLines(text) {
  const map = JSON.parse(text);
  const sources = map.sources.filter((source) => !source.includes('/node_modules/'));
  const places = map.sources.map((source) => sources.indexOf(source));
  /** The place and line that the segment before belongs to. */
  let last = [];
  const lines = decode(map.mappings).map((segments) => {
    const kept = [];
    for (const [column, source, line, sourceColumn] of segments) {
      const place = places[source] ?? -1;
      const isSame = place === last[0] && (place < 0 || (line === last[1] && kept.length > 0));
      // Segments of other sources must be marked: otherwise they would be taken for a part of the line before.
      if (!isSame) kept.push(place < 0 ? [column] : [column, place, line, sourceColumn]);
      last = [place, line];
    }
    return kept;
  });
  return JSON.stringify({ ...map, sources, names: [], mappings: encode(lines) });
}

async function main() {
  const last = readStamp(stamp);
  if (isFresh(root, last)) return;
  const { files, inputs } = await bundle();
  mkdirSync(folder, { recursive: true });
  for (const { path, contents, text } of files) writeWhole(path, path.endsWith('.map') ? keepOwnLines(text) : contents);
  const program = join(dist, 'main.js');
  writeWhole(program, "import './service/main.js';\n");
  const written = [program, ...files.map(({ path }) => path)].map((path) => relative(root, path));
  const earlier = [Object.keys(last.outputs ?? {}), ...(last.earlier ?? [])].slice(0, KEPT_BUNDLES);
  const kept = new Set([...written, ...earlier.flat()]);
  for (const name of readdirSync(folder)) {
    const path = join(folder, name);
    if (!kept.has(relative(root, path))) rmSync(path);
  }
  const state = {
    outputs: describeFiles(root, written),
    inputs: describeFiles(root, [...inputs, 'package-lock.json', relative(root, import.meta.filename)]),
    earlier,
  };
  writeWhole(stamp, JSON.stringify(state));
}

await main();
