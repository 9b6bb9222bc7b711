import { describe, expect, it } from '@jest/globals';
import { Injectable } from '@nestjs/common';
import { type ChatRefs, type Flow, type Ref, Workflow } from '../../src/workflow/index.js';
import { ParallelWorkflow } from '../fixtures/parallel.workflow.js';
import { TopicNode } from '../fixtures/topic.node.js';
import { catchDefinitionError } from '../support/definition-error.js';
import { SpeakNode, makeWorkflowsModule } from '../support/workflow-kit.js';

describe('wiring that cannot run does not start', () => {
  @Workflow({ id: 'self', description: '' })
  class SelfWorkflow {
    define(flow: Flow, { messages }: ChatRefs): Ref<string> {
      return flow.workflow(OtherWorkflow, { messages });
    }
  }
  @Workflow({ id: 'other', description: '' })
  class OtherWorkflow {
    define(flow: Flow, { messages }: ChatRefs): Ref<string> {
      flow.workflow(SelfWorkflow, { messages });
      return flow.node(SpeakNode, { messages, prompt: 'x' });
    }
  }
  @Workflow({ id: 'lost', description: '' })
  class LostWorkflow {
    define(flow: Flow, { messages }: ChatRefs): Ref<string> {
      return flow.workflow(ParallelWorkflow, { messages });
    }
  }
  @Workflow({ id: 'waste', description: '', concurrency: 0, background: { retries: -1, retryDelay: 'soon' } })
  class WasteWorkflow {
    define(flow: Flow, { messages }: ChatRefs): Ref<string> {
      const topic = flow.node(TopicNode, { messages });
      let inside: Ref<string> | undefined;
      const routed = flow.route(topic.get('topic'), {
        billing: (branch) =>
          (inside = branch.node(SpeakNode, { messages, prompt: 'a' }, { key: 'hidden', silent: true })),
        other: (branch) => branch.node(SpeakNode, { messages, prompt: inside ?? '' }),
      });
      flow.node(SpeakNode, { messages, prompt: 'unused' }, { key: 'unused', silent: true });
      flow.route(topic.get('topic'), { billing: () => topic, other: () => topic }, { key: 'untaken' });
      return routed;
    }
  }

  @Injectable()
  class EverWaitingNode extends SpeakNode {
    override readonly debounceMs = Number.POSITIVE_INFINITY;
  }
  @Workflow({ id: 'ever', description: '' })
  class EverWorkflow {
    define(flow: Flow, { messages }: ChatRefs): Ref<string> {
      return flow.node(EverWaitingNode, { messages, prompt: 'x' });
    }
  }

  it.each([
    [[EverWorkflow, EverWaitingNode], ['invalid_debounce ever EverWaitingNode']],
    [
      [SelfWorkflow, OtherWorkflow],
      ['nested_cycle other SelfWorkflow', 'nested_faulty self OtherWorkflow'],
    ],
    [[LostWorkflow], ['workflow_not_provided lost ParallelWorkflow']],
    [
      [WasteWorkflow],
      [
        'foreign_ref waste route.other.SpeakNode',
        'invalid_concurrency waste',
        'invalid_retries waste',
        'invalid_retries waste',
        'unused_node waste untaken',
        'unused_node waste unused',
      ],
    ],
  ])('%#', async (workflows, expected) => {
    const failure = await catchDefinitionError(makeWorkflowsModule(...workflows, SpeakNode, TopicNode));
    const faults = failure.faults.map(({ code, workflow, node }) =>
      [code, workflow, node].filter((part) => part !== undefined).join(' '),
    );
    expect(faults.sort()).toEqual(expected);
  });
});
