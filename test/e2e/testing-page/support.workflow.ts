import { Injectable } from '@nestjs/common';
import { IsBoolean, IsIn } from 'class-validator';
import { agent, type ChatRefs, Describe, type Flow, Workflow } from 'millrace';

class Topic {
  @IsIn(['billing', 'technical', 'other'])
  @Describe('What the newest message is about')
  readonly topic!: 'billing' | 'technical' | 'other';
  @IsBoolean()
  @Describe('Whether the user cannot go on until it is solved')
  readonly urgent!: boolean;
}

@Injectable()
export class ArticleService {
  find(topic: Topic['topic']): readonly string[] {
    return topic === 'billing' ? ['Refunds take three days.'] : [];
  }
}

@Workflow({ id: 'support', description: 'Finds out what a message is about, looks it up, and answers' })
export class SupportWorkflow {
  readonly topic = agent({ instructions: 'Say what the newest message of the user is about.', output: Topic });
  readonly answer = agent({
    instructions: ({ articles }: { articles: readonly string[] }) =>
      `You are the support desk of a small shop.\n${articles.join('\n')}`,
  });

  constructor(private readonly articles: ArticleService) {}

  define(flow: Flow, { messages }: ChatRefs) {
    const topic = flow.ask(this.topic, { messages });
    const articles = flow.run('look-up', { topic }, ({ topic: { topic } }) => this.articles.find(topic));
    return flow.stream(this.answer, { messages, articles });
  }
}
