import { existsSync } from 'node:fs';
import { readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { beforeAll, describe, expect, it } from '@jest/globals';
import { ROOT } from '../support/places.js';

const PAGE = 'docs/reliability.md';

interface Row {
  readonly promise: string;
  /** Relative to the root of the project. */
  readonly files: readonly string[];
  /** The text after a test's file name: its title, or a part of it, with … for omissions. */
  readonly words: string;
}

/** The rows of all tables of the page. */
function listRows(page: string): readonly Row[] {
  return [...page.matchAll(/^\| (.+?) +\| (.+?) +\|$/gm)]
    .filter(([, promise = '']) => promise !== 'Promise' && !/^-+$/.test(promise))
    .map(([, promise = '', test = '']) => {
      const files = [...test.matchAll(/`((?:src|test|bench)\/[\w./-]+)`/g)].map(([, file = '']) => file);
      return { promise, files, words: test.replaceAll(/`(?:src|test|bench)\/[^`]+`/g, '…') };
    });
}

/** A title in a file, without regard to quotes and line breaks. */
const plain = (text: string): string => text.replaceAll(/\\(['"`])/g, '$1').replaceAll(/\s+/g, ' ');

describe('The promises of the docs', () => {
  let rows: readonly Row[];
  beforeAll(async () => {
    rows = listRows(await readFile(join(ROOT, PAGE), 'utf8'));
  });

  it('makes promises, each with its test', () => {
    expect(rows.length).toBeGreaterThan(40);
    expect(rows.filter(({ files }) => files.length === 0)).toEqual([]);
    expect(new Set(rows.map(({ promise }) => promise)).size).toBe(rows.length);
  });

  it('names tests that exist', async () => {
    const files = [...new Set(rows.flatMap((row) => row.files))];
    expect(files.filter((file) => !existsSync(join(ROOT, file)))).toEqual([]);

    const unknown: string[] = [];
    for (const row of rows) {
      const sources = await Promise.all(row.files.map((file) => readFile(join(ROOT, file), 'utf8')));
      const source = plain(sources.join('\n'));
      const parts = row.words.split(/…|; | and (?=…)/).map((part) => part.replace(/^[\s:,]+|[\s,]+$/g, ''));
      unknown.push(...parts.filter((part) => !source.includes(part)).map((part) => `${row.files.join(', ')}: ${part}`));
    }
    expect(unknown).toEqual([]);
  });
});
