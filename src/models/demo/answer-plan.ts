import type { FinishReason } from '../../protocol/index.js';
import type { Delta } from '../../streaming/index.js';
import type { ModelParameters } from '../chat-model.js';
import type { Answer, ToolCall } from './answer.js';
import { findStop } from './stop-texts.js';
import type { Tokenizer } from './tokenizer.js';

/** One delta and how many tokens it took. */
export interface Step {
  readonly delta: Delta;
  readonly tokens: number;
}

/** An answer as it will be given, with the limits of the request applied. */
export interface AnswerPlan {
  readonly steps: readonly Step[];
  /** Tokens of all steps, and of what the limit left unfinished. */
  readonly completionTokens: number;
  readonly finishReason: FinishReason;
}

/** Cuts an answer into tokens and applies `max_completion_tokens` (or `max_tokens`) and, to text, `stop`. */
export function planAnswer(answer: Answer, parameters: ModelParameters, tokenizer: Tokenizer): AnswerPlan {
  const limit = tokenLimitOf(parameters);
  if (answer.type === 'tool-calls') {
    return limited(
      answer.calls.flatMap((call, index) => stepsOfCall(call, index, tokenizer)),
      limit,
      'tool_calls',
    );
  }
  const steps = tokenizer
    .split(answer.text)
    .map(({ text, tokens }): Step => ({ delta: { type: 'content', text }, tokens }));
  return stopped(limited(steps, limit, 'stop'), stopTextsOf(parameters));
}

function tokenLimitOf({ max_completion_tokens, max_tokens }: ModelParameters): number {
  const limit = max_completion_tokens ?? max_tokens;
  return typeof limit === 'number' && limit >= 0 ? limit : Infinity;
}

function stopTextsOf({ stop }: ModelParameters): string[] {
  const texts: unknown[] = Array.isArray(stop) ? stop : [stop];
  return texts.filter((text): text is string => typeof text === 'string' && text !== '');
}

function stepsOfCall({ id, kind, name, input }: ToolCall, index: number, tokenizer: Tokenizer): Step[] {
  const nameTokens = tokenizer.split(name).reduce((sum, { tokens }) => sum + tokens, 0);
  const piece = { type: 'tool-call', index, ...(kind === 'custom' && { kind }) } as const;
  return [
    { delta: { ...piece, id, name, arguments: '' }, tokens: nameTokens },
    ...tokenizer.split(input).map(({ text, tokens }): Step => ({ delta: { ...piece, arguments: text }, tokens })),
  ];
}

function limited(steps: readonly Step[], limit: number, finishReason: FinishReason): AnswerPlan {
  let spent = 0;
  for (const [index, { tokens }] of steps.entries()) {
    // A character that the limit cuts in two is not sent, but its first tokens are spent.
    if (spent + tokens > limit) {
      return { steps: steps.slice(0, index), completionTokens: limit, finishReason: 'length' };
    }
    spent += tokens;
  }
  return { steps, completionTokens: spent, finishReason };
}

function stopped(plan: AnswerPlan, stopTexts: readonly string[]): AnswerPlan {
  const texts = plan.steps.map(({ delta }) => (delta.type === 'content' ? delta.text : ''));
  let left = findStop(texts.join(''), stopTexts);
  if (left === undefined) return plan;
  const steps: Step[] = [];
  let completionTokens = 0;
  for (const [index, step] of plan.steps.entries()) {
    if (left <= 0) break;
    const text = (texts[index] ?? '').slice(0, left);
    left -= text.length;
    completionTokens += step.tokens;
    steps.push({ delta: { type: 'content', text }, tokens: step.tokens });
  }
  return { steps, completionTokens, finishReason: 'stop' };
}
