import { clip } from './quotation.js';

const WORD = /[\p{L}\p{N}][\p{L}\p{N}\p{M}'’_-]*/gu;
/** Longer ones are no words, but keys, links and noise. */
const LONGEST_WORD = 30;

const FILLERS = new Set(
  `a about above after again all also always am an and any are aren't as ask at be because been before being but by can
  can't cannot could couldn't did didn't do does doesn't doing don't down during each even ever every few find for from
  further get give go got had has have having he hello help her here hers hey hi him his how i i'd i'll i'm i've if in
  into is isn't it it's its just know let let's like long make many may maybe me mean might mine more most much must my name
  need no nor not now of off ok okay on once only or other our ours out over own please really said same say says see
  shall she should show so some something such sure tell than thank thanks that that's the their them then there these
  they thing things think this those through to too under until up us use used very want was wasn't we well were what
  what's when where which while who whom whose why will with without won't word words would write yes yet you you're your
  yours explain describe consider discuss talk question answer anything everything kind lot way`.split(/\s+/),
);

/** The first words of a text that carry its meaning, without repetition, as they are written there. */
export function keywordsOf(text: string, most: number): string[] {
  const keywords = new Map<string, string>();
  for (const [word] of text.matchAll(WORD)) {
    if (keywords.size >= most) break;
    const key = word.toLowerCase().replaceAll('’', "'");
    if (word.length > LONGEST_WORD || FILLERS.has(key) || /^[a-z]$/.test(key) || keywords.has(key)) continue;
    keywords.set(key, word);
  }
  return [...keywords.values()];
}

/** What a text is about, in a few words; its beginning if no word stands out. */
export function topicOf(text: string): string {
  const keywords = keywordsOf(text, 3);
  return keywords.length > 0 ? keywords.join(' ') : clip(text, LONGEST_WORD).trim();
}
