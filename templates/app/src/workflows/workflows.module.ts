import { Module } from '@nestjs/common';
import { AssistantWorkflow } from './assistant/assistant.workflow.js';

/** The workflows of this application. `npm run workflow -- new my-flow` adds one. */
@Module({
  providers: [AssistantWorkflow],
})
export class WorkflowsModule {}
