import { existsSync } from 'node:fs';
import { readdir, readFile } from 'node:fs/promises';
import { createRequire } from 'node:module';
import { dirname, join } from 'node:path';
import { beforeAll, describe, expect, it } from '@jest/globals';
import { ROOT } from '../support/places.js';

const PAGES = ['README.md', 'SECURITY.md', 'docs', 'bench', 'deploy', 'examples'];
const ARCHITECTURE = 'docs/architecture.md';
/** Paths of files that the reader of a page writes, or that a command makes. */
const MADE_BY_THE_READER = [
  'src/workflows/support/',
  'src/workflows/refund/',
  'src/workflows/daily-summary/',
  'test/e2e/support.e2e-spec.ts',
  'docs/reference/',
  'src/assistant.workflow.',
  'src/workflows/my-flow/',
  'src/app.module.ts',
  'src/main.ts',
  'src/hello.controller.ts',
];

interface Page {
  /** Relative to the root of the project. */
  readonly path: string;
  readonly text: string;
}

async function readPages(): Promise<readonly Page[]> {
  const paths: string[] = [];
  for (const path of PAGES) {
    if (path.endsWith('.md')) paths.push(path);
    else {
      const names = await readdir(join(ROOT, path), { recursive: true });
      const pages = names.filter((name) => name.endsWith('.md') && !name.includes('node_modules'));
      paths.push(...pages.map((name) => join(path, name)));
    }
  }
  const made = paths.filter((path) => !MADE_BY_THE_READER.some((start) => path.startsWith(start)));
  return Promise.all(made.map(async (path) => ({ path, text: await readFile(join(ROOT, path), 'utf8') })));
}

/** The text of all code spans outside of code blocks. */
function findCodeSpans(text: string): readonly string[] {
  return [...text.replaceAll(/^```[^]*?^```/gm, '').matchAll(/`([^`\n]+)`/g)].map(([, span = '']) => span);
}

/** The ids that GitHub gives to headings. */
function findAnchors(text: string): readonly string[] {
  const headings = [...text.replaceAll(/^```[^]*?^```/gm, '').matchAll(/^#+ (.+)$/gm)].map(
    ([, heading = '']) => heading,
  );
  const anchors = headings.map((heading) =>
    heading
      .replaceAll(/\[([^\]]*)\]\([^)]*\)/g, '$1')
      .toLowerCase()
      .replaceAll(/[^\p{L}\p{N}\s_-]/gu, '')
      .replaceAll(' ', '-'),
  );
  return anchors.map((anchor, at) => {
    const before = anchors.slice(0, at).filter((other) => other === anchor).length;
    return before === 0 ? anchor : `${anchor}-${before}`;
  });
}

/** True if the path exists, or, for a path with a star, if its folder exists. */
const isThere = (path: string): boolean => existsSync(join(ROOT, path.includes('*') ? dirname(path) : path));

describe('The docs', () => {
  let pages: readonly Page[];
  let folders: readonly string[];
  beforeAll(async () => {
    pages = await readPages();
    const entries = await readdir(join(ROOT, 'src'), { withFileTypes: true });
    folders = entries.filter((entry) => entry.isDirectory()).map(({ name }) => name);
  });

  it('name only files and folders that exist', () => {
    const named = pages.flatMap(({ path, text }) =>
      findCodeSpans(text)
        .filter((span) => /^(src|test|docs|bench|deploy|examples|scripts)\/[\w*./-]+$/.test(span))
        .map((span) => ({ path, span })),
    );
    expect(named.length).toBeGreaterThan(200);
    const missing = named.filter(({ span }) => !MADE_BY_THE_READER.some((start) => span.startsWith(start)));
    expect(missing.filter(({ span }) => !isThere(span))).toEqual([]);
  });

  it('link only to files and headings that exist', () => {
    const faults: string[] = [];
    for (const { path, text } of pages) {
      for (const [, target = ''] of text.replaceAll(/^```[^]*?^```/gm, '').matchAll(/\]\(([^)\s]+)\)/g)) {
        if (/^[a-z]+:/.test(target)) continue;
        const [file = '', anchor] = target.split('#');
        const linked = file === '' ? path : join(dirname(path), file);
        const page = pages.find((other) => other.path === linked);
        const isMade = MADE_BY_THE_READER.some((start) => linked.startsWith(start));
        if (!isMade && !existsSync(join(ROOT, linked))) faults.push(`${path}: ${target}`);
        else if (anchor !== undefined && page !== undefined && !findAnchors(page.text).includes(anchor)) {
          faults.push(`${path}: ${target}`);
        }
      }
    }
    expect(faults).toEqual([]);
  });

  describe('of the architecture', () => {
    let text: string;
    beforeAll(() => {
      text = pages.find(({ path }) => path === ARCHITECTURE)?.text ?? '';
    });

    it('name only files and folders of src that exist', () => {
      const paths = findCodeSpans(text).filter((span) => {
        const [first = ''] = span.split('/');
        return (
          /^[\w./-]+$/.test(span) &&
          (span.includes('/') ? folders.includes(first) : span.endsWith('.ts') && span !== 'index.ts')
        );
      });
      expect(paths.length).toBeGreaterThan(100);
      expect([...new Set(paths)].filter((path) => !isThere(join('src', path)))).toEqual([]);
    });

    it('list every folder of src, from above, in the tiers of dependency-cruiser', () => {
      const { forbidden } = createRequire(import.meta.url)('../../.dependency-cruiser.cjs') as {
        forbidden: readonly { name: string; from: { path?: string }; to: { path?: string } }[];
      };
      const read = (path: string | undefined): string[] => /\((.+)\)/.exec(path ?? '')?.[1]?.split('|') ?? [];
      const rules = forbidden.filter(({ name }) => name.startsWith('only-downward-from-'));
      const lower = rules.map((rule) => read(rule.from.path));
      const tiers = [...lower, read(rules.at(-1)?.to.path)].toReversed();
      expect(tiers.flat().toSorted()).toEqual(folders.toSorted());

      const [, table = ''] = /^## Folders\n([^]*?)^Folders inside them/m.exec(text) ?? [];
      const listed = [...table.matchAll(/^\| `(\w+)\/` /gm)].map(([, folder = '']) => folder);
      expect(listed.toSorted()).toEqual(folders.toSorted());
      const findTier = (folder: string): number => tiers.findIndex((tier) => tier.includes(folder));
      expect(listed).toEqual(listed.toSorted((a, b) => findTier(a) - findTier(b)));
    });
  });
});
