import { All, Controller, Get, Res } from '@nestjs/common';
import { ApiExcludeEndpoint, ApiOperation, ApiResponse, ApiTags } from '@nestjs/swagger';
import type { Response } from 'express';
import { MethodNotAllowedError } from '../errors/index.js';
import { Metrics } from './metrics.js';

/** For Prometheus. */
@ApiTags('Health')
@Controller('metrics')
export class MetricsController {
  constructor(private readonly metrics: Metrics) {}

  @Get()
  @ApiOperation({ operationId: 'metrics', summary: 'Metrics in the text format of Prometheus' })
  @ApiResponse({
    status: 200,
    description: 'What is measured, and what each metric means, stands in docs/observability.md.',
    content: {
      'text/plain': {
        schema: { type: 'string' },
        example: '# HELP process_start_time_seconds Start time of the process since unix epoch in seconds.\n',
      },
    },
  })
  async page(@Res() response: Response): Promise<void> {
    const page = await this.metrics.page();
    response.setHeader('cache-control', 'no-store');
    response.setHeader('content-type', this.metrics.contentType);
    response.end(page);
  }

  @All()
  @ApiExcludeEndpoint()
  otherMethods(): never {
    throw new MethodNotAllowedError(['GET']);
  }
}
