import { Controller, Get, Req, Res } from '@nestjs/common';
import type { Request, Response } from 'express';
import { AccessControl } from '../../access/index.js';
import { readPathParameter, OpenApi } from '../../http/index.js';
import { Clock, type JsonObject } from '../../kernel/index.js';
import { type CompiledWait, type WorkflowName, WorkflowRegistry } from '../../workflow/index.js';
import { DescribeListModels, DescribeRetrieveModel } from './describe-model.js';
import type { ModelCard, ModelList } from './dto/model-list.js';
import { MODELS_PATH } from './models.path.js';

/** Lists the workflows as models: every id and alias. */
@OpenApi(({ ApiTags }) => [ApiTags('Models')])
@Controller(MODELS_PATH)
export class ModelsController {
  /** The start of the process, in seconds since the Unix epoch: workflows have no date of their own. */
  readonly #created: number;

  constructor(
    private readonly registry: WorkflowRegistry,
    private readonly access: AccessControl,
    clock: Clock,
  ) {
    this.#created = Math.floor(clock.now() / 1_000);
  }

  @Get()
  @DescribeListModels()
  list(@Req() request: Request, @Res() response: Response): void {
    const caller = this.access.requireCaller(request);
    const names = this.registry.list().filter(({ workflow }) => caller.mayUse(workflow.id));
    response.json({ object: 'list', data: names.map((name) => this.#makeCard(name)) } satisfies ModelList);
  }

  @Get('*id')
  @DescribeRetrieveModel()
  retrieve(@Req() request: Request, @Res() response: Response): void {
    const name = this.registry.resolveServed(readPathParameter(request, 'id'));
    const { workflow, streamByDefault } = name;
    this.access.requireCaller(request).assertMayUse(workflow.id, name.name);
    response.json({
      ...this.#makeCard(name),
      millrace: {
        workflow: workflow.id,
        description: workflow.description,
        stream_by_default: streamByDefault,
        takes: [...workflow.takes],
        ...(workflow.waits.length > 0 && { waits: workflow.waits.map(describeWait) }),
        graph: workflow.schema,
      },
    } satisfies ModelCard);
  }

  #makeCard({ name }: WorkflowName): ModelCard {
    return { id: name, object: 'model', created: this.#created, owned_by: 'millrace' };
  }
}

/** The waits of its workflow, and what an answer must contain. */
function describeWait({ name, answer }: CompiledWait): JsonObject {
  return { name, schema: answer.schema };
}
