import type { Outcome } from '../errors/index.js';
import type { DeltaCollector } from '../streaming/index.js';
import type { ModelCall } from './chat-model.js';
import type { Message } from './message.js';
import type { Usage } from './usage.js';

/** How many characters of a call are read, which takes half a millisecond; the rest is assumed to be like them. */
const MOST_READ = 131_072;
/** Fewest tokens per unread character: a long text with a cheap beginning still counts like plain English. */
const LEAST_PER_UNREAD = 0.2;
/** Tokens around a message, with its role. */
const TOKENS_PER_MESSAGE = 4;
/** Tokens of an image, a recording or a file. Models count these by their content, which is not read here. */
const TOKENS_PER_ATTACHMENT = 800;
const ATTACHMENTS: ReadonlySet<string> = new Set(['image_url', 'input_audio', 'file', 'video_url']);

/** The estimated cost of a call, in tokens. */
interface EstimatedTokens {
  readonly prompt: number;
  readonly completion: number;
}

/** Outcomes of whole completions, whose reported usage is complete. */
const WHOLE: ReadonlySet<Outcome> = new Set(['stop', 'length', 'tool_calls', 'content_filter']);
/**
 * Outcomes of calls that the model was probably working on, even if nothing arrived. Other calls were refused or never
 * sent.
 */
const AT_WORK: ReadonlySet<Outcome> = new Set([...WHOLE, 'aborted', 'upstream_timeout']);

/** How a model call ended. */
interface CallEnding {
  readonly outcome: Outcome;
  readonly hasOutput: boolean;
  /** The last usage that its upstream reported; undefined if it reported none. */
  readonly usage: Usage | undefined;
}

/** Estimates the tokens of a call that its upstream did not report. */
export function estimateUnreportedTokens(
  call: ModelCall,
  output: DeltaCollector,
  { outcome, hasOutput, usage }: CallEnding,
): number {
  if (usage !== undefined && WHOLE.has(outcome)) return 0;
  if (!hasOutput && !AT_WORK.has(outcome)) return 0;
  const { prompt, completion } = estimateTokens(call, output);
  // An upstream may have reported the prompt and the first tokens before the completion broke off.
  return usage === undefined ? prompt + completion : Math.max(0, completion - usage.completion_tokens);
}

/**
 * Estimates the cost of a call without reported usage. Compared with `o200k_base` the estimate is within a tenth for
 * English and code, a quarter for other languages and a third for random letters, which is enough for a limit. A
 * tokenizer would need 50 MB, take ten to a hundred times as long, and be exact for the models of one vendor only.
 */
function estimateTokens(call: ModelCall, output: DeltaCollector): EstimatedTokens {
  const completion = new Estimate();
  for (const text of [output.content, output.reasoning, output.refusal, output.transcript]) completion.add(text);
  for (const { name = '', arguments: args } of output.toolCalls) {
    completion.add(name);
    completion.add(args);
  }
  return { prompt: estimatePromptTokens(call), completion: completion.tokens };
}

/** Estimates the tokens of a call's messages and schemas in the same way. */
export function estimatePromptTokens({ messages, parameters }: ModelCall): number {
  const prompt = new Estimate();
  for (const message of messages) addMessage(message, prompt);
  addJson([parameters['tools'], parameters['response_format']], prompt);
  return prompt.tokens;
}

function addMessage({ role: _role, content, ...rest }: Message, estimate: Estimate): void {
  estimate.addTokens(TOKENS_PER_MESSAGE);
  if (typeof content === 'string') estimate.add(content);
  else addJson(content, estimate, ATTACHMENTS);
  addJson(rest, estimate);
}

/**
 * Adds every text in a value, including the names of fields. Not recursive, because clients choose the depth.
 * @param attachments names of fields that count as attachments and are not read
 */
function addJson(value: unknown, estimate: Estimate, attachments?: ReadonlySet<string>): void {
  const left: unknown[] = [value];
  while (left.length > 0) {
    const next = left.pop();
    if (typeof next === 'string') estimate.add(next);
    else if (typeof next === 'number') estimate.addTokens(1);
    else if (Array.isArray(next)) for (const item of next as readonly unknown[]) left.push(item);
    else if (typeof next === 'object' && next !== null) {
      for (const [name, field] of Object.entries(next)) {
        if (attachments?.has(name) === true) estimate.addTokens(TOKENS_PER_ATTACHMENT);
        else {
          estimate.add(name);
          left.push(field);
        }
      }
    }
  }
}

const SPACE = 0;
const LETTER = 1;
const DIGIT = 2;
const SIGN = 3;
const OTHER = 4;

/** Estimates tokens as tokenizers cut texts: words in pieces, digits in threes, other scripts by the character. */
class Estimate {
  #tokens = 0;
  #textTokens = 0;
  #read = 0;
  #unread = 0;

  get tokens(): number {
    const perUnread = this.#read === 0 ? LEAST_PER_UNREAD : Math.max(LEAST_PER_UNREAD, this.#textTokens / this.#read);
    return Math.ceil(this.#tokens + this.#textTokens + this.#unread * perUnread);
  }

  addTokens(count: number): void {
    this.#tokens += count;
  }

  add(text: string): void {
    const end = Math.min(text.length, MOST_READ - this.#read);
    this.#read += end;
    this.#unread += text.length - end;
    let tokens = 0;
    let before = -1;
    let wasCapital = false;
    let run = 0;
    for (let i = 0; i < end; i++) {
      const unit = text.charCodeAt(i);
      const kind = findUnitKind(unit);
      run = kind === before ? run + 1 : 0;
      if (kind === LETTER) {
        const isCapital = unit < 97;
        // `fooBar` is two words.
        if (isCapital && !wasCapital) run = 0;
        if (run % 7 === 0) tokens++;
        wasCapital = isCapital;
      } else {
        wasCapital = false;
        if (kind === DIGIT) tokens += run % 3 === 0 ? (before === SPACE ? 2 : 1) : 0;
        else if (kind === SIGN) tokens += run === 0 ? 0.7 : 0.5;
        else if (kind === OTHER) tokens += weighUnit(unit);
        else if (run > 0) tokens += 0.05;
      }
      before = kind;
    }
    this.#textTokens += tokens;
  }
}

function findUnitKind(unit: number): number {
  if (unit >= 128) return OTHER;
  const lower = unit | 32;
  if (lower >= 97 && lower <= 122) return LETTER;
  if (unit >= 48 && unit <= 57) return DIGIT;
  return unit === 32 || (unit >= 9 && unit <= 13) ? SPACE : SIGN;
}

/** Tokens of a UTF-16 unit beyond ASCII, by script. */
function weighUnit(unit: number): number {
  // Accented Latin letters, which break words up.
  if (unit < 0x250) return 0.7;
  // Greek, Cyrillic, Hebrew, Arabic, the scripts of India, Thai.
  if (unit < 0x1100) return 0.35;
  // Half of an emoji or of a rare character.
  if (unit >= 0xd800 && unit <= 0xdfff) return 0.75;
  // Chinese, Japanese, Korean, and signs.
  return 0.85;
}
