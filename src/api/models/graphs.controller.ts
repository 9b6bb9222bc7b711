import { Controller, Get, Req, Res } from '@nestjs/common';
import type { Request, Response } from 'express';
import { AccessControl } from '../../access/index.js';
import { OpenApi, readPathParameter, readQuery } from '../../http/index.js';
import { type CompiledWorkflow, makeGraphJson, drawMermaid, drawSvg, WorkflowRegistry } from '../../workflow/index.js';
import { DescribeRetrieveModelGraph } from './describe-model.js';
import { type GraphFormat, chooseGraphFormat } from './graph-format.js';
import { MODELS_PATH } from './models.path.js';

/** What an SVG may do when it is opened as a page: use its own styles, and nothing else. */
const SVG_POLICY = "default-src 'none'; style-src 'unsafe-inline'";

/** Shows the graph of a workflow. */
@OpenApi(({ ApiTags }) => [ApiTags('Models')])
@Controller(MODELS_PATH)
export class GraphsController {
  /** Workflows never change, and laying out a large one takes a tenth of a second. */
  readonly #images = new Map<CompiledWorkflow, Promise<string>>();

  constructor(
    private readonly registry: WorkflowRegistry,
    private readonly access: AccessControl,
  ) {}

  @Get('*id/graph')
  @DescribeRetrieveModelGraph()
  async retrieve(@Req() request: Request, @Res() response: Response): Promise<void> {
    const { name, workflow } = this.registry.resolveServed(readPathParameter(request, 'id'));
    const { format } = readQuery(request);
    this.access.requireCaller(request).assertMayUse(workflow.id, name);
    const { type, format: chosen } = chooseGraphFormat(format, (types) => request.accepts([...types]));
    if (format === undefined) response.vary('accept');
    const body = await this.#draw(workflow, chosen);
    if (chosen === 'svg') response.setHeader('content-security-policy', SVG_POLICY);
    response.setHeader('x-content-type-options', 'nosniff');
    response.type(`${type}; charset=utf-8`).send(body);
  }

  async #draw(workflow: CompiledWorkflow, format: GraphFormat): Promise<string> {
    if (format === 'json') return JSON.stringify(makeGraphJson(workflow));
    if (format === 'mermaid') return drawMermaid(workflow);
    const image = this.#images.get(workflow) ?? drawSvg(workflow);
    this.#images.set(workflow, image);
    return image;
  }
}
