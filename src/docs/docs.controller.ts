import { readFile } from 'node:fs/promises';
import { dirname, join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { Controller, Get, Req, Res } from '@nestjs/common';
import type { Request, Response } from 'express';
import { UnknownRouteError } from '../errors/index.js';
import { addDocsHeaders, DoorsPlace, readPathParameter } from '../http/index.js';

/** Where `npm run openapi` keeps the document: beside `src` and `dist`. */
const DOCUMENT = join(import.meta.dirname, '../../openapi.json');

/** Files of Swagger UI that the page loads. */
const ASSETS: ReadonlySet<string> = new Set([
  'swagger-ui.css',
  'swagger-ui-bundle.js',
  'favicon-32x32.png',
  'favicon-16x16.png',
]);

const PAGE = `<!doctype html>
<html lang="en">
  <head>
    <meta charset="utf-8" />
    <meta name="viewport" content="width=device-width, initial-scale=1" />
    <title>Millrace API</title>
    <link rel="icon" type="image/png" href="docs/favicon-32x32.png" sizes="32x32" />
    <link rel="stylesheet" href="docs/swagger-ui.css" />
  </head>
  <body>
    <div id="swagger-ui"></div>
    <script src="docs/swagger-ui-bundle.js"></script>
    <script src="docs/start.js"></script>
  </body>
</html>
`;

/** A file of its own, so that the page needs no inline script. */
const START = `window.ui = SwaggerUIBundle({
  url: 'docs-json',
  dom_id: '#swagger-ui',
  deepLinking: true,
  presets: [SwaggerUIBundle.presets.apis],
});
`;

/** Shows the API to people: Swagger UI at `/docs`, and the document itself at `/docs-json`. */
@Controller()
export class DocsController {
  readonly #secure = addDocsHeaders();

  constructor(private readonly place: DoorsPlace) {}

  @Get('docs-json')
  async sendDocument(@Req() _request: Request, @Res() response: Response): Promise<void> {
    const document = JSON.parse(await readFile(DOCUMENT, 'utf8')) as { servers: { url: string }[] };
    for (const server of document.servers) server.url = `${this.place.path}/`;
    response.json(document);
  }

  @Get('docs')
  sendPage(@Req() request: Request, @Res() response: Response): void {
    // The page refers to its files by paths that are relative to its folder.
    if (request.path.endsWith('/')) response.redirect(308, `${request.baseUrl}/docs`);
    else this.#send(request, response, () => response.type('html').send(PAGE));
  }

  @Get('docs/*file')
  sendFile(@Req() request: Request, @Res() response: Response): void {
    const name = readPathParameter(request, 'file');
    if (name === 'start.js') this.#send(request, response, () => response.type('js').send(START));
    else if (!ASSETS.has(name)) throw new UnknownRouteError(request.method, request.baseUrl + request.path);
    else this.#send(request, response, () => response.sendFile(name, { root: findSwaggerUi() }));
  }

  #send(request: Request, response: Response, send: () => void): void {
    this.#secure(request, response, send);
  }
}

/** Finds the folder of Swagger UI at the first request for the page, since it is not needed before. */
function findSwaggerUi(): string {
  return dirname(fileURLToPath(import.meta.resolve('swagger-ui-dist/package.json')));
}
