import { describe, expect, it } from '@jest/globals';
import { Injectable, type Type } from '@nestjs/common';
import { IsIn } from 'class-validator';
import { DefinitionError } from '../../src/errors/index.js';
import { AgentNode } from '../../src/nodes/index.js';
import { agent, type ChatRefs, type Flow, type Ref, type TaskContext, Workflow } from '../../src/workflow/index.js';
import { Bench } from '../support/app.js';
import { type Conversation, SpeakNode, makeWorkflowsModule } from '../support/workflow-kit.js';

class Topic {
  @IsIn(['billing', 'other']) readonly topic: 'billing' | 'other';
}

@Injectable()
class TopicNode extends AgentNode<Conversation, Topic> {
  readonly agentConfig = agent({ output: Topic });
  process(input: Conversation, context: TaskContext): Promise<Topic> {
    return this.agent.run(input, context);
  }
}

@Injectable()
class JoinNode {
  process({ parts, length }: { parts: readonly string[]; length: number }): string {
    return `${parts.join('+')} (${length})`;
  }
}

@Workflow({ id: 'parallel', description: 'Two that speak at the same time, and a join' })
class ParallelWorkflow {
  define(flow: Flow, { messages }: ChatRefs): Ref<string> {
    const first = flow.node(SpeakNode, { messages, prompt: 'first' }, { key: 'first' });
    const second = flow.node(SpeakNode, { messages, prompt: 'second' }, { key: 'second' });
    return flow.node(SpeakNode, { messages, prompt: 'third' }, { key: 'third', after: [first, second] });
  }
}

@Injectable()
class EnoughNode {
  async process(_input: void, context: TaskContext): Promise<string> {
    await Promise.resolve();
    context.stopWorkflow();
    return 'enough';
  }
}

const cleaned: string[] = [];

@Injectable()
class TidySpeakNode extends SpeakNode {
  cleanup({ request }: TaskContext): void {
    cleaned.push(`tidy ${request.model}`);
  }
}

@Injectable()
class MessyNode {
  process({ text: given }: { text: string }): string {
    if (given.includes('fail')) throw new Error('asked to');
    return given;
  }
  cleanup(): Promise<void> {
    cleaned.push('messy');
    return Promise.reject(new Error('cleanup itself fails'));
  }
}

const EVERYTHING: Type<unknown>[] = [SpeakNode, TopicNode, JoinNode, TidySpeakNode, MessyNode, EnoughNode];

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
  @Workflow({ id: 'waste', description: '', concurrency: 0 })
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
        'unused_node waste untaken',
        'unused_node waste unused',
      ],
    ],
  ])('%#', async (workflows, expected) => {
    const failure = await Bench.start({ imports: [makeWorkflowsModule(...workflows, ...EVERYTHING)] }).then(
      async (bench) => {
        await bench.close();
        return undefined;
      },
      (error: unknown) => error,
    );
    expect(failure).toBeInstanceOf(DefinitionError);
    const faults = (failure as DefinitionError).faults.map(({ code, workflow, node }) =>
      [code, workflow, node].filter((part) => part !== undefined).join(' '),
    );
    expect(faults.sort()).toEqual(expected);
  });
});
