import { readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { expect, it } from '@jest/globals';

const SRC = join(import.meta.dirname, '..');

/** Sources in these folders of src, without specs and the playground's page. */
function sources(...folders: string[]): string[] {
  const paths = folders.flatMap((folder) =>
    readdirSync(join(SRC, folder), { recursive: true, encoding: 'utf8' }).map((path) => join(folder, path)),
  );
  return paths.filter((path) => path.endsWith('.ts') && !/\.spec\.ts$|\/assets\//.test(path));
}

/** Files with such words outside comments. */
function filesWith(words: RegExp, files: readonly string[]): string[] {
  return files.filter((path) => words.test(read(path).replace(/\/\*[^]*?\*\/|\/\/ .*/g, '')));
}

function read(path: string): string {
  return readFileSync(join(SRC, path), 'utf8');
}

/** All sources but those in some folders. */
function sourcesOutside(...folders: string[]): string[] {
  return sources('.').filter((path) => folders.every((folder) => !path.startsWith(`${folder}/`)));
}

it('uses the words of chat completions only in their door', () => {
  // Upstreams speak the same dialect.
  const others = sourcesOutside('api/completions', 'models/openai', 'testing/upstream');
  expect(filesWith(/chatcmpl|\/v1\/chat\/completions|chat\.completion/i, others)).toEqual([]);
  // A run names its parts as clients do.
  expect(filesWith(/completion_?id/i, others).filter((path) => !path.startsWith('api/runs/'))).toEqual([]);
  expect(filesWith(/millrace-events/i, sourcesOutside('api/wire', 'api/completions', 'api/responses'))).toEqual([]);
});

it('keeps the words of responses in their door', () => {
  const others = sourcesOutside('api/responses');
  const words =
    /['"`](resp|msg|rs|fc|ctc)['"`_]|resp_|\bresponse\.(created|queued|in_progress|completed|incomplete|failed|output_|content_|reasoning_|function_)|\/v1\/responses|previous_response|(in|out)put_text|item_reference|_call_output/;
  expect(filesWith(words, others)).toEqual([]);
});

it('uses the paths of routes only in their doors', () => {
  // These have paths of model providers and tracing backends.
  const others = sourcesOutside('api', 'models', 'config', 'tracing', 'testing/upstream');
  // Comments count, too: a comment elsewhere that names a route knows a door.
  expect(others.filter((path) => read(path).includes('/v1/'))).toEqual([]);
});

it('names the path and the headers of MCP only in its door and where clients of servers are', () => {
  const others = sourcesOutside('api/mcp', 'nodes/tools/mcp', 'api/responses/mcp', 'openapi');
  expect(filesWith(/['"`]\/mcp\b|mcp-session-id/, others)).toEqual([]);
});

it('uses no prefixes of ids in the kernel', () => {
  expect(filesWith(/['"`](req|call|run|resp)_/, sources('kernel'))).toEqual([]);
});
