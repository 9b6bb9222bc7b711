import { Module } from '@nestjs/common';
import { ApprovalWorkflow } from './approval/approval.workflow.js';
import { ChatWorkflow } from './chat/chat.workflow.js';
import { CustomerCareWorkflow } from './customer-care/customer-care.workflow.js';
import { NestedWorkflow } from './nested/nested.workflow.js';
import { ReasoningWorkflow } from './reasoning/reasoning.workflow.js';
import { ResearchWorkflow } from './research/research.workflow.js';
import { StreamingWorkflow } from './streaming/streaming.workflow.js';

/** The application's own workflows. Add yours here. */
@Module({
  providers: [
    ChatWorkflow,
    StreamingWorkflow,
    ReasoningWorkflow,
    CustomerCareWorkflow,
    ResearchWorkflow,
    NestedWorkflow,
    ApprovalWorkflow,
  ],
})
export class WorkflowsModule {}
