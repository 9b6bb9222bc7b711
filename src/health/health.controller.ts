import { Controller, Get, Req, Res } from '@nestjs/common';
import type { Request, Response } from 'express';
import { OverloadedError } from '../errors/index.js';
import { GracefulShutdown, OpenApi } from '../http/index.js';
import { VERSION } from '../kernel/index.js';
import { ModelProviders } from '../models/index.js';

const READY = {
  type: 'object',
  properties: {
    status: { type: 'string', enum: ['ok'] },
    demo: {
      type: 'boolean',
      enum: [true],
      description: 'Present if the built-in demo, which is no language model, replaces a model.',
    },
  },
  required: ['status'],
  example: { status: 'ok' },
};

const ALIVE = {
  type: 'object',
  properties: {
    status: { type: 'string', enum: ['ok'] },
    version: { type: 'string', description: 'Version of the server.' },
  },
  required: ['status', 'version'],
  example: { status: 'ok', version: '1.2.3' },
};

/** For orchestrators and load balancers. */
@OpenApi(({ ApiTags }) => [ApiTags('Health')])
@Controller('health')
export class HealthController {
  constructor(
    private readonly shutdown: GracefulShutdown,
    private readonly providers: ModelProviders,
  ) {}

  @Get('live')
  @OpenApi(({ ApiOperation, ApiResponse }) => [
    ApiOperation({ operationId: 'live', summary: 'Is the process alive? Also while it shuts down.' }),
    ApiResponse({ status: 200, description: 'It is.', schema: ALIVE }),
  ])
  checkLife(@Req() _request: Request, @Res() response: Response): void {
    response.json({ status: 'ok', version: VERSION });
  }

  @Get('ready')
  @OpenApi(({ ApiOperation, ApiResponse }) => [
    ApiOperation({ operationId: 'ready', summary: 'Should new requests be sent here?' }),
    ApiResponse({ status: 200, description: 'Yes.', schema: READY }),
    ApiResponse({
      status: 503,
      description: 'No: the server is shutting down.',
      schema: { $ref: '#/components/schemas/ErrorEnvelope' },
    }),
  ])
  checkReadiness(@Req() _request: Request, @Res() response: Response): void {
    response.setHeader('cache-control', 'no-store');
    if (this.shutdown.hasBegun) {
      throw new OverloadedError('The server is shutting down.', { code: 'server_shutting_down', retryAfterMs: 1_000 });
    }
    response.json({ status: 'ok', ...(this.providers.isDemoInPlace && { demo: true }) });
  }
}
