import { createHash } from 'node:crypto';
import { readdirSync, readFileSync } from 'node:fs';
import { extname, join } from 'node:path';
import { fileURLToPath } from 'node:url';
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

/** The page itself. */
export const PAGE = 'index.html';

/** The kinds of files that are served. Others in the folder, such as type declarations, are for developers. */
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
  readonly #assets: ReadonlyMap<string, PlaygroundAsset>;

  constructor(config: AppConfig) {
    const vendor = Object.entries(VENDOR).map(
      ([path, name]) => [path, readAsset(fileURLToPath(import.meta.resolve(name)))] as const,
    );
    this.#assets = new Map([...readOwnFiles(config.http.docs), ...vendor]);
  }

  get(path: string): PlaygroundAsset | undefined {
    return this.#assets.get(path);
  }
}

/** @param hasDocs false: the link to the docs is left out */
function readOwnFiles(hasDocs: boolean): (readonly [string, PlaygroundAsset])[] {
  const withoutDocs = (text: string): string => text.replace(/<!-- docs -->[^]*<!-- \/docs -->/, '');
  return readdirSync(FOLDER, { recursive: true, encoding: 'utf8' })
    .filter((path) => Object.hasOwn(CONTENT_TYPES, extname(path)))
    .map((path) => {
      const asset = readAsset(join(FOLDER, path), path === PAGE && !hasDocs ? withoutDocs : undefined);
      return [path.replaceAll('\\', '/'), asset] as const;
    });
}

function readAsset(file: string, edit = (text: string): string => text): PlaygroundAsset {
  const body = Buffer.from(edit(readFileSync(file, 'utf8')));
  return {
    body,
    contentType: CONTENT_TYPES[extname(file).replace('.mjs', '.js')] ?? 'application/octet-stream',
    etag: `"${createHash('sha256').update(body).digest('base64url')}"`,
  };
}
