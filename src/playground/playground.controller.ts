import { Controller, Get, Req, Res } from '@nestjs/common';
import type { Request, Response } from 'express';
import { UnknownRouteError } from '../errors/index.js';
import { readPathParameter } from '../http/index.js';
import { PAGE, PlaygroundAssets } from './playground-assets.service.js';

/**
 * What the page may do: run its own scripts and talk to its own server. Text of a model is untrusted, so even if
 * something in it got past the sanitiser, it could run nothing and send nothing.
 */
const CONTENT_SECURITY_POLICY = [
  "default-src 'none'",
  "script-src 'self'",
  "style-src 'self'",
  "font-src 'self'",
  "img-src 'self' data:",
  "connect-src 'self'",
  "base-uri 'none'",
  "form-action 'none'",
  "frame-ancestors 'none'",
].join('; ');

/** Serves the page at `/`, and what it loads below `/playground/`. */
@Controller()
export class PlaygroundController {
  constructor(private readonly assets: PlaygroundAssets) {}

  @Get()
  page(@Req() request: Request, @Res() response: Response): void {
    const [path = ''] = request.originalUrl.split('?', 1);
    // The page refers to its files by paths that are relative to its folder.
    if (path.endsWith('/')) this.#send(PAGE, request, response);
    else response.redirect(308, `${request.baseUrl}/`);
  }

  @Get('playground/*path')
  sendAsset(@Req() request: Request, @Res() response: Response): void {
    this.#send(readPathParameter(request, 'path'), request, response);
  }

  #send(path: string, request: Request, response: Response): void {
    const asset = this.assets.get(path);
    if (asset === undefined) throw new UnknownRouteError(request.method, request.baseUrl + request.path);
    response.set({
      'content-type': asset.contentType,
      'content-security-policy': CONTENT_SECURITY_POLICY,
      'x-content-type-options': 'nosniff',
      'referrer-policy': 'no-referrer',
      'cross-origin-opener-policy': 'same-origin',
      'cross-origin-resource-policy': 'same-origin',
      // Browsers keep it, but ask each time whether it has changed: after an update the parts of the page must fit
      // together.
      'cache-control': 'no-cache',
      etag: asset.etag,
    });
    if (request.fresh) response.status(304).end();
    else response.send(asset.body);
  }
}
