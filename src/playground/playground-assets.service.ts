import { createHash } from 'node:crypto';
import { readdirSync, readFileSync } from 'node:fs';
import { extname, join } from 'node:path';
import { Injectable } from '@nestjs/common';
import { AppConfig } from '../config/index.js';

/** A file that browsers load, with its headers. */
interface PlaygroundAsset {
  readonly body: Buffer;
  readonly contentType: string;
  /** Strong entity tag: it changes with the content alone. */
  readonly etag: string;
}

const FOLDER = join(import.meta.dirname, 'assets');

/**
 * What `scripts/bundle-page.mjs` makes of the packages that the page is drawn with. It is the same place for this file as a source
 * and as it is compiled.
 */
const BUNDLED = join(import.meta.dirname, '../../dist/playground/vendor');

/** The page itself. */
export const PAGE = 'index.html';

/** The kinds of files that are served. Others in the folder, such as type declarations, are for developers. */
const CONTENT_TYPES: Readonly<Record<string, string>> = {
  '.html': 'text/html; charset=utf-8',
  '.css': 'text/css; charset=utf-8',
  '.js': 'text/javascript; charset=utf-8',
  '.svg': 'image/svg+xml; charset=utf-8',
  '.txt': 'text/plain; charset=utf-8',
  '.woff2': 'font/woff2',
};

/** The files of the page, by their path below `/playground/`: read when the first one is asked for, and kept, about 1 MB. */
@Injectable()
export class PlaygroundAssets {
  readonly #hasDocs: boolean;
  #assets?: ReadonlyMap<string, PlaygroundAsset>;

  constructor(config: AppConfig) {
    this.#hasDocs = config.http.docs;
  }

  get(path: string): PlaygroundAsset | undefined {
    // The bundle of a file replaces it.
    this.#assets ??= new Map([...readFolder(FOLDER, '', this.#hasDocs), ...readFolder(BUNDLED, 'vendor/', true)]);
    return this.#assets.get(path);
  }
}

/**
 * @param prefix stands before the paths of the folder's files
 * @param hasDocs false: the link to the docs is left out of the page
 */
function readFolder(folder: string, prefix: string, hasDocs: boolean): (readonly [string, PlaygroundAsset])[] {
  return readdirSync(folder, { recursive: true, encoding: 'utf8' })
    .filter((path) => Object.hasOwn(CONTENT_TYPES, extname(path)))
    .map((path) => {
      const contents = readFileSync(join(folder, path));
      const body = path === PAGE && !hasDocs ? removeDocsLink(contents) : contents;
      return [prefix + path.replaceAll('\\', '/'), makeAsset(path, body)] as const;
    });
}

function removeDocsLink(page: Buffer): Buffer {
  return Buffer.from(page.toString().replace(/<!-- docs -->[^]*<!-- \/docs -->/, ''));
}

function makeAsset(path: string, body: Buffer): PlaygroundAsset {
  return {
    body,
    contentType: CONTENT_TYPES[extname(path)] ?? 'application/octet-stream',
    etag: `"${createHash('sha256').update(body).digest('base64url')}"`,
  };
}
