import { Module } from '@nestjs/common';
import { NodesModule } from '../nodes/index.js';
import { ChatNode } from './chat/chat.node.js';
import { ChatWorkflow } from './chat/chat.workflow.js';
import { ReasoningNode } from './reasoning/reasoning.node.js';
import { ReasoningWorkflow } from './reasoning/reasoning.workflow.js';
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
  ],
})
export class WorkflowsModule {}
