import { Controller, Get, Req, Res } from '@nestjs/common';
import type { Request, Response } from 'express';
import { OpenApi } from '../http/index.js';
import { Metrics } from '../metrics/index.js';

/** For Prometheus. */
@OpenApi(({ ApiTags }) => [ApiTags('Health')])
@Controller('metrics')
export class MetricsController {
  constructor(private readonly metrics: Metrics) {}

  @Get()
  @OpenApi(({ ApiOperation, ApiResponse }) => [
    ApiOperation({ operationId: 'metrics', summary: 'Metrics in the text format of Prometheus' }),
    ApiResponse({
      status: 200,
      description: 'docs/observability.md lists the metrics and what each means.',
      content: {
        'text/plain': {
          schema: { type: 'string' },
          example: '# HELP process_start_time_seconds Start time of the process since unix epoch in seconds.\n',
        },
      },
    }),
  ])
  async page(@Req() _request: Request, @Res() response: Response): Promise<void> {
    const page = await this.metrics.renderPage();
    response.setHeader('cache-control', 'no-store');
    response.setHeader('content-type', this.metrics.contentType);
    response.end(page);
  }
}
