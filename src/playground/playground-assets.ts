import { createHash } from 'node:crypto';
import { readdirSync, readFileSync } from 'node:fs';
import { extname, join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { Injectable } from '@nestjs/common';

/** A file that browsers load, with what they are told of it. */
export interface PlaygroundAsset {
  readonly body: Buffer;
  readonly contentType: string;
  /** Strong entity tag: it changes with the content alone. */
  readonly etag: string;
}

const FOLDER = join(import.meta.dirname, 'assets');

/** What is served at all: other files that lie there, such as type declarations, are for developers. */
const CONTENT_TYPES: Readonly<Record<string, string>> = {
  '.html': 'text/html; charset=utf-8',
  '.css': 'text/css; charset=utf-8',
  '.js': 'text/javascript; charset=utf-8',
  '.svg': 'image/svg+xml; charset=utf-8',
};

/** Libraries that run in the page, by the path they are served at: the packages' own builds for browsers. */
const VENDOR: Readonly<Record<string, string>> = {
  'vendor/marked.js': 'marked',
  'vendor/dompurify.js': 'dompurify',
};

/** The files of the page, by their path below `/playground/`: read when the server starts, and kept, about 300 kB. */
@Injectable()
export class PlaygroundAssets {
  readonly #assets: ReadonlyMap<string, PlaygroundAsset> = new Map([
    ...ownFiles(),
    ...Object.entries(VENDOR).map(([path, name]) => [path, assetOf(fileURLToPath(import.meta.resolve(name)))] as const),
  ]);

  get(path: string): PlaygroundAsset | undefined {
    return this.#assets.get(path);
  }
}

function ownFiles(): (readonly [string, PlaygroundAsset])[] {
  return readdirSync(FOLDER, { recursive: true, encoding: 'utf8' })
    .filter((path) => Object.hasOwn(CONTENT_TYPES, extname(path)))
    .map((path) => [path.replaceAll('\\', '/'), assetOf(join(FOLDER, path))] as const);
}

function assetOf(file: string): PlaygroundAsset {
  const body = readFileSync(file);
  return {
    body,
    contentType: CONTENT_TYPES[extname(file).replace('.mjs', '.js')] ?? 'application/octet-stream',
    etag: `"${createHash('sha256').update(body).digest('base64url')}"`,
  };
}
