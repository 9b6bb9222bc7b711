import { readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { expect, it } from '@jest/globals';

const SRC = join(import.meta.dirname, '..');

/** Sources below these folders of src, but for specs and the browser's page. */
function sources(...folders: string[]): string[] {
  const paths = folders.flatMap((folder) =>
    readdirSync(join(SRC, folder), { recursive: true, encoding: 'utf8' }).map((path) => join(folder, path)),
  );
  return paths.filter((path) => path.endsWith('.ts') && !/\.spec\.ts$|\/assets\//.test(path));
}

/** Files that have such words in them, comments aside. */
function filesWith(words: RegExp, files: readonly string[]): string[] {
  return files.filter((path) =>
    words.test(readFileSync(join(SRC, path), 'utf8').replace(/\/\*[^]*?\*\/|\/\/ .*/g, '')),
  );
}

it('keeps the words of chat completions in their door', () => {
  const others = sources('.').filter((path) => !path.startsWith(join('api', 'completions')));
  expect(filesWith(/chatcmpl|millrace-events|\/v1\/chat\/completions/, others)).toEqual([]);
});

it('keeps the paths of routes out of what holds for every route', () => {
  expect(filesWith(/['"`/ ]v1\//, sources('http', 'access', join('app', 'openapi')))).toEqual([
    // What the field means, for readers of the OpenAPI document.
    join('http', 'error-envelope.dto.ts'),
  ]);
});
