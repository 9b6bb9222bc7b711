import type { Conversation } from '../conversation.js';
import { capitalised, clip, plainly } from '../quotation.js';
import { vary, type Rule } from '../rule.js';
import { keywordsOf } from '../topic.js';

const HAIKU = /\b(?:haiku|poem|verse|rhyme|poetry)\b/i;
const STORY = /\b(?:stor(?:y|ies)|tale|fairy ?tale|once upon a time)\b/i;
const JOKE = /\b(?:joke|make me laugh|something funny)\b/i;
const WISH =
  /\b(?:tell|write|give|make|compose|create|invent|read|say|want|need|like|hear|have|another|now|please)\b|^(?:an? )?(?:short |little |small )?\w+ (?:about|on|of)\b|^\w+[.!]?$/i;
const ABOUT = /\b(?:about|on|of|for|featuring|involving) (?!me\b)((?:the |an? |my )?[^.!?\n]{1,120})/i;
const FORM = /\s*(?:,|\b(?:in|with|using|please|and make)\b).*$/is;
const GENRES = /^(?:haikus?|poems?|verses?|rhymes?|poetry|story|stories|tales?|jokes?|another|name|count|short)$/i;
const LONGEST_TOPIC = 60;

/** Tells a short story, a haiku or a joke, about what the user names. */
export const stories: Rule = (conversation) => {
  const text = plainly(conversation.message.text);
  if (!WISH.test(text)) return undefined;
  const subject = subjectOf(text, conversation);
  const noticed = (what: string): string => `The user wishes for ${what}, and its subject is “${subject}”.`;
  if (HAIKU.test(text)) return { text: haikuAbout(subject, conversation), noticed: noticed('a poem') };
  if (STORY.test(text)) return { text: storyAbout(subject, conversation), noticed: noticed('a story') };
  if (!JOKE.test(text)) return undefined;
  return {
    text: vary(
      conversation,
      'A token walks into a bar. The rest of the sentence arrives shortly after, one word at a time.',
      'Why did the demo pass every test? Nobody had asked it a question that it could not count to.',
    ),
    noticed: 'The user wishes for a joke, and I know two.',
  };
};

function subjectOf(text: string, { earlier }: Conversation): string {
  const named = ABOUT.exec(text)?.[1]?.replace(FORM, '').trim() ?? '';
  if (named !== '') return clip(named, LONGEST_TOPIC);
  for (const { role, text } of earlier.toReversed()) {
    if (role !== 'user') continue;
    const about = ABOUT.exec(plainly(text))?.[1]?.replace(FORM, '').trim() ?? '';
    if (about !== '') return clip(about, LONGEST_TOPIC);
    const keyword = keywordsOf(text, 9).find((word) => !GENRES.test(word));
    if (keyword !== undefined) return keyword;
  }
  return 'the old mill';
}

function haikuAbout(subject: string, conversation: Conversation): string {
  const line = capitalised(subject);
  return vary(
    conversation,
    `${line} at first light –\nthe millrace carries each word,\none after the next.`,
    `${line}, softly told:\na wheel turns, a token falls,\nthe river goes on.`,
  );
}

function storyAbout(subject: string, conversation: Conversation): string {
  return vary(
    conversation,
    `Once there was a miller who had never thought about ${subject}. One morning the water brought it to her door, word by word, and she did not know whether to grind it or to listen. She listened. By evening the wheel stood still, the whole village sat along the bank, and everybody knew a little more about ${subject} than before. The miller opened the gate again, and the story ran on downstream.`,
    `A boy asked the river to tell him about ${subject}. “Not all at once,” said the river, “or you will drown in it.” So it told him one word with every wave, and he wrote each of them down as it came. When the last one arrived, the book was full, the boy had grown up, and ${subject} had become his favourite thing in the world.`,
  );
}
