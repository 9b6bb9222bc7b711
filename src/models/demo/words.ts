const WORD = /[\p{L}\p{N}][\p{L}\p{N}\p{M}'’]{0,39}/gu;
const ENDING = /(?<=..)(?:(?<!account)ing|ed|ies|es|e|s|(?<![aeiou])y)$/;
/** Words that say nothing about the subject of a text or a tool. */
const FILLERS = new Set(
  `a about again all also am an and any are as ask at be because been but by call can can't could did do does doesn't
  don't for from get give go got had has have he hello help her hi him his how i i'd i'll i'm i've if in into is isn't
  it it's its just know let like make many may me more much my need no not now of off on one only or our out over own
  please question say see she should so some something tell than thank thanks that that's the their them then there
  these they this those to too up us use very want was we were what what's when where which while who why will with
  won't would write yes yet you you're your use message user customer name true false fetch find look lookup search list
  create run read show check set tool function current`.split(/\s+/),
);
const CHANGES = /^(?:create|delete|update|add|remove|cancel|book)/i;
/**
 * Topics by which people sort texts, and after the colon further words that suggest the topic. All words of a line count for
 * it.
 */
const TOPICS = `
billing invoice payment accounting finance: pay paid charge bill card receipt vat tax subscription fee overcharged
refund reimbursement return chargeback: money reimburse repay
technical bug incident outage error: crash broken fail failure freeze slow down install exception blank stuck hang
account login authentication access profile: password username log sign locked register mfa
shipping shipment delivery logistics order: deliver parcel package courier tracking track ship arrive transit
product feature item catalog: app size colour color stock model warranty compatible battery material version available
sales pricing price purchase: quote discount buy trial enterprise plan cost licence license offer seat
spam advertising advertisement junk scam phishing: lottery winner won prize casino bitcoin crypto click seo backlink
escalate escalation threat anger angry complaint human: lawyer sue court attorney furious unacceptable outrageous
urgent urgency critical high severe blocker emergency: asap immediately production everybody outage down deadline
low minor trivial: cosmetic typo whenever someday
negative unhappy dissatisfied: bad terrible awful hate disappointed worst poor sad frustrated angry furious wrong
weather forecast temperature: rain snow sun sunny cold warm hot storm umbrella
email mail: inbox
calculator calculate calculation arithmetic math: compute plus minus divide sum
positive happy praise satisfied: good great love excellent awesome perfect wonderful fantastic thank`
  .split('\n')
  .map((line) => ({ titles: new Set(findStems(line.split(':')[0] ?? '')), stems: new Set(findStems(line)) }));
/** Names of options that are right if nothing suggests another one. */
const ANYTHING_ELSE = /^(?:general|other|neutral|normal|medium|none|unknown|default|unclear|standard|no)(?![a-z])/i;

/** Finds the words of a text in lower case without their endings, so that "crashes" equals "crashed". */
function findStems(text: string): string[] {
  const words = text.toLowerCase().replaceAll('’', "'").match(WORD) ?? [];
  return words.map((word) => word.replace(ENDING, '').replace(/(?<=..)(.)\1$/, '$1'));
}

/** Splits a name such as `getWeather_now` into words. */
export function splitName(name: string): string {
  return name.replace(/([a-z\d])([A-Z])/g, '$1 $2').replace(/[^\p{L}\p{N}]+/gu, ' ');
}

/** Finds the words that carry the meaning of a text, each once, as written. */
export function findKeywords(text: string, most: number): string[] {
  const keywords = new Map<string, string>();
  for (const [word] of text.matchAll(WORD)) {
    const key = word.toLowerCase().replaceAll('’', "'");
    if (keywords.size < most && key.length > 1 && !FILLERS.has(key) && !keywords.has(key)) keywords.set(key, word);
  }
  return [...keywords.values()];
}

/** The words of a message as evidence for options and tools. */
export class Evidence {
  readonly #stems: ReadonlySet<string>;

  constructor(message: string) {
    const text = message
      .replaceAll('’', "'")
      .replace(/\b(?:not|no longer|never|\w{2,6}n't) (?:work|load|open|start|respond)(?:ing|s)?\b/gi, 'broken')
      .replace(/\b(?:not|isn't|no|nothing|without) (?:an? |any )?[\p{L}\p{N}]{1,40}/giu, ' ');
    this.#stems = new Set(findStems(text));
  }

  /** Ranks options by how well the message suggests them, as indexes; equal ones keep their order. */
  rank(options: readonly string[]): readonly number[] {
    const score = (option: string): number =>
      this.#score(findStems(splitName(option))) + (ANYTHING_ELSE.test(option) ? 0.5 : 0);
    const scored = options.map((option, index) => ({ index, score: score(option) }));
    return scored.toSorted((a, b) => b.score - a.score).map(({ index }) => index);
  }

  /** Whether the message is about a name or a topic in its description. */
  supports(name: string, description: string): boolean {
    const named = findStems(findKeywords(splitName(name), 9).join(' '));
    return this.#score(named) >= 1 || this.#scoreTopics(findStems(description)) >= 1;
  }

  /** Scores how much the message asks for a tool; 0 if it does not. */
  scoreTool(name: string, description: string): number {
    const named = findStems(findKeywords(splitName(name), 9).join(' '));
    const described = findStems(findKeywords(description, 50).join(' ')).filter((stem) => !named.includes(stem));
    const [hits, others] = [this.#count(named), this.#count(new Set(described))];
    if (others > 1 || (hits + others > 0 && hits * 2 >= named.length)) return hits * 2 + others;
    // A tool that changes something must be asked for by its name.
    return CHANGES.test(name) ? 0 : this.#scoreTopics(named);
  }

  #score(names: readonly string[]): number {
    return 3 * this.#count(names) + this.#scoreTopics(names);
  }

  #count(stems: Iterable<string>): number {
    return [...stems].filter((stem) => this.#stems.has(stem)).length;
  }

  #scoreTopics(names: readonly string[]): number {
    const topics = TOPICS.filter(({ titles }) => names.some((stem) => titles.has(stem)));
    return topics.reduce((score, { stems }) => score + this.#count(stems), 0);
  }
}
