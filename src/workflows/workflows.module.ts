import { Module } from '@nestjs/common';
import { NodesModule } from '../nodes/index.js';
import { ChatNode } from './chat/chat.node.js';
import { ChatWorkflow } from './chat/chat.workflow.js';
import { ClassifyNode } from './customer-care/classify.node.js';
import { CustomerCareWorkflow } from './customer-care/customer-care.workflow.js';
import { DecideNode } from './customer-care/decide.node.js';
import { FilterSpamNode } from './customer-care/filter-spam.node.js';
import { NoticeNode } from './customer-care/notice.node.js';
import { ReplyNode } from './customer-care/reply.node.js';
import { NestedWorkflow } from './nested/nested.workflow.js';
import { SimplifyNode } from './nested/simplify.node.js';
import { ReasoningNode } from './reasoning/reasoning.node.js';
import { ReasoningWorkflow } from './reasoning/reasoning.workflow.js';
import { InvestigateNode } from './research/investigate.node.js';
import { PlanNode } from './research/plan.node.js';
import { ResearchWorkflow } from './research/research.workflow.js';
import { SynthesizeNode } from './research/synthesize.node.js';
import { StreamingWorkflow } from './streaming/streaming.workflow.js';
import { StructuredStreamingNode } from './streaming/structured-streaming.node.js';
import { TextStreamingNode } from './streaming/text-streaming.node.js';

/** The application's own workflows and their nodes. Add yours here. */
@Module({
  imports: [NodesModule],
  providers: [
    ChatWorkflow,
    ChatNode,
    StreamingWorkflow,
    TextStreamingNode,
    StructuredStreamingNode,
    ReasoningWorkflow,
    ReasoningNode,
    CustomerCareWorkflow,
    ClassifyNode,
    FilterSpamNode,
    DecideNode,
    NoticeNode,
    ReplyNode,
    ResearchWorkflow,
    PlanNode,
    InvestigateNode,
    SynthesizeNode,
    NestedWorkflow,
    SimplifyNode,
  ],
})
export class WorkflowsModule {}
