import type { Outcome } from '../errors/index.js';
import type { DeltaCollector } from '../streaming/index.js';
import type { ModelCall } from './chat-model.js';
import type { Message } from './message.js';
import type { Usage } from './usage.js';

/** So many characters of a call are looked at, half a millisecond of work; the rest is taken to be like them. */
const MOST_READ = 131_072;
/** Nobody gets a long text cheaper than plain English by what it begins with. */
const LEAST_PER_UNREAD = 0.2;
/** The frame of a message, with its role. */
const TOKENS_PER_MESSAGE = 4;
/** An image, a recording or a file: models count them by their content, which is not looked at. */
const TOKENS_PER_ATTACHMENT = 800;
const ATTACHMENTS: ReadonlySet<string> = new Set(['image_url', 'input_audio', 'file', 'video_url']);

/** What a call has probably cost, in tokens. */
export interface EstimatedTokens {
  readonly prompt: number;
  readonly completion: number;
}

/** The model came to the end of its completion: what its upstream told is all. */
const WHOLE: ReadonlySet<Outcome> = new Set(['stop', 'length', 'tool_calls', 'content_filter']);
/** The model was at it when the call ended, though nothing was heard of it perhaps. Others were refused, or failed to be sent. */
const AT_WORK: ReadonlySet<Outcome> = new Set([...WHOLE, 'aborted', 'upstream_timeout']);

/** How a call of a model went. */
export interface CallEnding {
  readonly outcome: Outcome;
  readonly hasSpoken: boolean;
  /** The last that its upstream has told; undefined: none. */
  readonly usage: Usage | undefined;
}

/** Estimates the tokens of a call beyond those that its upstream has told. */
export function estimateUntoldTokens(
  call: ModelCall,
  answer: DeltaCollector,
  { outcome, hasSpoken, usage }: CallEnding,
): number {
  if (usage !== undefined && WHOLE.has(outcome)) return 0;
  if (!hasSpoken && !AT_WORK.has(outcome)) return 0;
  const { prompt, completion } = estimateTokens(call, answer);
  // Of a completion that broke off, an upstream may have told the beginning: the prompt, and the first tokens.
  return usage === undefined ? prompt + completion : Math.max(0, completion - usage.completion_tokens);
}

/**
 * Estimates what a call has cost whose upstream did not say. Against `o200k_base` the estimate is within a tenth for English and
 * code, a quarter for other languages and a third for random letters, which is enough for a limit; a tokenizer would need 50 MB,
 * take ten to a hundred times as long, and be exact for one vendor's models only.
 */
export function estimateTokens(call: ModelCall, answer: DeltaCollector): EstimatedTokens {
  const completion = new Estimate();
  for (const text of [answer.content, answer.reasoning, answer.refusal, answer.transcript]) completion.add(text);
  for (const { name = '', arguments: args } of answer.toolCalls) {
    completion.add(name);
    completion.add(args);
  }
  return { prompt: estimatePromptTokens(call), completion: completion.tokens };
}

/** Estimates the tokens of what a model is sent, in the same way. */
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
 * Adds every text in a value, names of fields too. Without recursion: clients choose how deep it is.
 * @param attachments names of fields that are counted and not looked into
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

/** Counts what tokenizers make of texts: words in pieces, digits by threes, other scripts by the character. */
class Estimate {
  #tokens = 0;
  #ofTexts = 0;
  #read = 0;
  #unread = 0;

  get tokens(): number {
    const perUnread = this.#read === 0 ? LEAST_PER_UNREAD : Math.max(LEAST_PER_UNREAD, this.#ofTexts / this.#read);
    return Math.ceil(this.#tokens + this.#ofTexts + this.#unread * perUnread);
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
      const kind = findKind(unit);
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
    this.#ofTexts += tokens;
  }
}

function findKind(unit: number): number {
  if (unit >= 128) return OTHER;
  const lower = unit | 32;
  if (lower >= 97 && lower <= 122) return LETTER;
  if (unit >= 48 && unit <= 57) return DIGIT;
  return unit === 32 || (unit >= 9 && unit <= 13) ? SPACE : SIGN;
}

/** Tokens for each UTF-16 unit beyond ASCII, by script. */
function weighUnit(unit: number): number {
  // Latin with accents, which breaks words up.
  if (unit < 0x250) return 0.7;
  // Greek, Cyrillic, Hebrew, Arabic, the scripts of India, Thai.
  if (unit < 0x1100) return 0.35;
  // Half of an emoji or of a rare character.
  if (unit >= 0xd800 && unit <= 0xdfff) return 0.75;
  // Chinese, Japanese, Korean, and signs.
  return 0.85;
}
