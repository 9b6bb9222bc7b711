import { Controller, HttpCode, Post, Req, Res } from '@nestjs/common';
import type { Request, Response } from 'express';
import { AppConfig } from '../../config/index.js';
import type { MillraceError } from '../../errors/index.js';
import { setErrorForm } from '../../http/index.js';
import { RequestIntake } from '../wire/index.js';
import { assertOriginAllowed } from './check-origin.js';
import { McpExchanges } from './mcp-exchange.service.js';
import { MCP_PATH } from './mcp.path.js';

/**
 * `POST /mcp`: workflows as tools, for clients of the Model Context Protocol (Streamable HTTP). The protocol describes
 * itself, so openapi.json does not describe it. There are no streams beside those of requests, and no session that could be
 * deleted: `GET` and `DELETE` get 405.
 */
@Controller(MCP_PATH)
export class McpController {
  constructor(
    private readonly config: AppConfig,
    private readonly intake: RequestIntake,
    private readonly exchanges: McpExchanges,
  ) {}

  @Post()
  @HttpCode(200)
  serve(@Req() request: Request, @Res() response: Response): Promise<void> {
    setErrorForm(response, encodeRpcError);
    assertOriginAllowed(request.get('origin'), this.config.http.corsOrigins);
    return this.intake.take(request, response, (taken) => this.exchanges.serve(request, response, taken));
  }
}

/** JSON-RPC code for a request that was refused before it was read, or as a whole. */
const PARSE_ERROR = -32_700;
const INVALID_REQUEST = -32_600;
const INTERNAL_ERROR = -32_603;
/** JSON-RPC code for errors of the server. */
const SERVER_ERROR = -32_000;

/** The body of errors with an HTTP status: the id of the request is not known here. */
function encodeRpcError({ status, message, type, code, param }: MillraceError): object {
  return {
    jsonrpc: '2.0',
    id: null,
    error: { code: chooseCode(status, code), message, data: { type, code, param } },
  };
}

function chooseCode(status: number, code: string | null): number {
  if (status === 400) return code === null ? PARSE_ERROR : INVALID_REQUEST;
  return status === 500 ? INTERNAL_ERROR : SERVER_ERROR;
}
