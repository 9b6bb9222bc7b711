/**
 * Bundles the packages that the page at `/` is drawn with into `dist/playground/vendor`, from where it is served: a
 * file for each of `src/playground/assets/vendor`, the fonts, and the licences. Does nothing if it has done so for the
 * files as they are. What is decided here, and why, stands in docs/decisions/0029-the-page-from-packages.md.
 */
import { mkdirSync, readdirSync, readFileSync, realpathSync, rmSync } from 'node:fs';
import { join, relative } from 'node:path';
import { describeFiles, isFresh, readStamp, writeWhole } from './build-state.mjs';

const root = realpathSync(join(import.meta.dirname, '..'));
const sources = join(root, 'src/playground/assets/vendor');
const folder = join(root, 'dist/playground/vendor');
const stamp = join(root, 'dist/.page.json');

/** All browsers that can show the page know this format of fonts, so the others are left out. */
const newestFonts = {
  name: 'newest-fonts',
  setup({ onLoad }) {
    onLoad({ filter: /katex\.css$/ }, ({ path }) => ({
      contents: readFileSync(path, 'utf8').replaceAll(/, url\([^)]+\.(?:woff|ttf)\) format\("\w+"\)/g, ''),
      loader: 'css',
    }));
  },
};

/** The licence of each package with a part in these files, as it comes with the package. */
function collectLicences(inputs) {
  const names = inputs.map((path) => /(?:^|\/)node_modules\/((?:@[^/]+\/)?[^/]+)\//.exec(path)?.[1]);
  return [...new Set(names)]
    .filter((name) => name !== undefined)
    .sort((a, b) => a.localeCompare(b))
    .map((name) => {
      const home = join(root, 'node_modules', name);
      const { version, license } = JSON.parse(readFileSync(join(home, 'package.json'), 'utf8'));
      const file = readdirSync(home).find((entry) => /^licen[cs]e/i.test(entry));
      if (file === undefined) throw new Error(`${name} comes without a licence, and cannot be passed on.`);
      return `${name} ${version} (${license})\n\n${readFileSync(join(home, file), 'utf8').trim()}\n`;
    })
    .join(`\n${'-'.repeat(80)}\n\n`);
}

async function bundle() {
  // Loading it takes longer than finding out that there is nothing to do.
  const { build } = await import('esbuild');
  const { outputFiles, metafile } = await build({
    absWorkingDir: root,
    entryPoints: readdirSync(sources).map((name) => join(sources, name)),
    outdir: folder,
    assetNames: 'fonts/[name]',
    bundle: true,
    format: 'esm',
    platform: 'browser',
    target: 'es2022',
    minify: true,
    legalComments: 'inline',
    loader: { '.woff2': 'file' },
    plugins: [newestFonts],
    tsconfigRaw: '{}',
    metafile: true,
    write: false,
    logLevel: 'warning',
  });
  return { files: outputFiles, inputs: Object.keys(metafile.inputs) };
}

if (!isFresh(root, readStamp(stamp))) {
  const { files, inputs } = await bundle();
  const licences = join(folder, 'licences.txt');
  const written = [...files.map(({ path }) => path), licences];
  mkdirSync(join(folder, 'fonts'), { recursive: true });
  for (const { path, contents } of files) writeWhole(path, contents);
  writeWhole(licences, collectLicences(inputs));
  for (const name of readdirSync(folder, { recursive: true })) {
    const path = join(folder, name);
    // Another process may be writing a file, which has the number of the process in its name.
    if (/\.[a-z]\w+$/.test(name) && !written.includes(path)) rmSync(path);
  }
  const own = ['package-lock.json', 'scripts/bundle-page.mjs', 'scripts/build-state.mjs'];
  const state = {
    outputs: describeFiles(
      root,
      written.map((path) => relative(root, path)),
    ),
    inputs: describeFiles(root, [...inputs, ...own]),
  };
  writeWhole(stamp, JSON.stringify(state));
}
