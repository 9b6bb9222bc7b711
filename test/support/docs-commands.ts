import { readdir, readFile } from 'node:fs/promises';
import { join } from 'node:path';

/** A command on a page. */
export interface DocsCommand {
  /** The text on the page, without a comment after it. */
  readonly text: string;
  readonly language: 'sh' | 'ts';
  /** Relative to the root of the project. */
  readonly page: string;
}

/** Text between backticks is a command if it begins with one of these and has more words. */
const INLINE =
  /^(?:[A-Z_]+=\S+ )*(?:npm|npx|node|curl|docker|kubectl|kustomize|ulimit|python3?|pip|openssl|git|apt-get|sh|bash) ./;

const KEEPS = /^[a-z]+=\$\(/m;

/** Every command and script of these pages and of the pages in these folders. */
export async function findDocsCommands(root: string, places: readonly string[]): Promise<readonly DocsCommand[]> {
  const pages = await Promise.all(places.map((place) => listPages(root, place)));
  const found = await Promise.all(
    pages.flat().map(async (page) => listCommands(await readFile(join(root, page), 'utf8'), page)),
  );
  return found.flat();
}

async function listPages(root: string, place: string): Promise<readonly string[]> {
  if (place.endsWith('.md')) return [place];
  const files = await readdir(join(root, place), { recursive: true });
  return files
    .filter((file) => file.endsWith('.md'))
    .sort()
    .map((file) => `${place}/${file}`);
}

/** The commands of one page. */
function listCommands(source: string, page: string): readonly DocsCommand[] {
  const blocks = [...source.matchAll(/^```(\w*)\n([^]*?)^```$/gm)];
  const prose = source.replaceAll(/^```[^]*?^```$/gm, '');
  return [
    ...blocks.flatMap(([, language = '', code = '']): DocsCommand[] => {
      if (/^(?:sh|bash|shell|console)$/.test(language)) {
        // Lines that share a variable or a folder are one command.
        const lines = KEEPS.test(code) ? [code] : shellLines(code);
        return lines.map((text) => ({ text, language: 'sh', page }));
      }
      // Code with a top-level await is a whole program.
      const isScript = /^(?:ts|js|mjs)$/.test(language) && /^(?:for await |(?:const .* = )?await )/m.test(code);
      return isScript ? [{ text: code, language: 'ts', page }] : [];
    }),
    ...prose
      .split('\n')
      .flatMap((line) => line.split('`').filter((part, index) => index % 2 === 1 && INLINE.test(part)))
      .map((text): DocsCommand => ({ text, language: 'sh', page })),
  ];
}

/** Joins continued lines, so that each item is one command. */
function shellLines(code: string): readonly string[] {
  const lines = code.match(/(?:.*\\\n)*.*\n/g) ?? [];
  return lines.map((line) => line.replace(/\s+#\s.*$/m, '').trim()).filter((line) => line !== '' && line[0] !== '#');
}
