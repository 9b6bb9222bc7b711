import { describe, expect, it } from '@jest/globals';
import * as fc from 'fast-check';
import type { Message } from '../../../protocol/index.js';
import { readConversation, replyTo, type Reply } from './index.js';

/** Lets the user say one line after the other; the demo answers each of them. Gives the last reply. */
function say(...lines: readonly string[]): Reply {
  return sayUnder('', ...lines);
}

function sayUnder(instructions: string, ...lines: readonly string[]): Reply {
  const messages: Message[] = instructions === '' ? [] : [{ role: 'system', content: instructions }];
  let reply: Reply = { text: '', noticed: '' };
  for (const line of lines) {
    messages.push({ role: 'user', content: line });
    reply = replyTo(readConversation(messages));
    messages.push({ role: 'assistant', content: reply.text });
  }
  return reply;
}

describe('replyTo', () => {
  describe('about itself', () => {
    it.each(['Hello', 'hi there!', 'Good morning', 'Hallo', 'Hi, how are you?'])(
      'says at %p that it is a demo',
      (line) => {
        expect(say(line).text).toMatch(/offline demo, not a language model; set OPENAI_API_KEY/);
      },
    );

    it('introduces itself once', () => {
      expect(say('Hello', 'Hello').text).not.toMatch(/demo/);
    });

    it.each([
      'Who are you?',
      'What are you?',
      'Are you ChatGPT?',
      'are you a human?',
      'Which model is this? I mean, which AI model are you?',
      "What's your name?",
      'What’s your name?',
      'Tell me about yourself.',
    ])('answers %p with the truth', (line) => {
      expect(say(line).text).toMatch(/demo engine that comes with Millrace.*not a language model/);
    });

    it('tells the truth also under a persona, and names the persona', () => {
      const { text } = sayUnder('You are Claude, a large language model.', 'Who are you?');
      expect(text).toMatch(/My instructions call me “Claude”.*not a language model/);
    });
  });

  it.each([
    ['Thanks!', /^You are welcome, Ada!/],
    ['Good night', /^Goodbye, Ada!/],
    ['I am happy', /glad to hear that you are happy, Ada/],
    ["I'm very tired", /sorry to hear that you are tired, Ada/],
    ['Hi', /^(?:Hello again|Good to hear from you), Ada!/],
    ['How are you?', /How are you\?$/],
  ])('is polite: %p', (line, expected) => {
    expect(say('My name is Ada', line).text).toMatch(expected);
  });

  describe('from the history', () => {
    it.each([
      [['My name is Ada', 'What is my name?'], 'Your name is Ada.'],
      [['my name is Ada Lovelace and I like tea', "what's my name"], 'Your name is Ada Lovelace.'],
      [['Hi, I am Grace.', 'hello', 'Do you remember my name?'], 'Your name is Grace.'],
      [['Call me Al', 'No, my name is Alan', 'Who am I?'], 'Your name is Alan.'],
      [['I live in New York.', 'Where do I live?'], 'You live in New York.'],
      [["I'm 42 years old", 'How old am I?'], 'You are 42 years old.'],
      [['My favorite color is blue.', 'What is my favourite colour?'], 'Your favourite colour is blue.'],
      [['My dog is Bello, and he is old', 'Who is my dog?'], 'Your dog is Bello'],
      [['What is my name?'], 'You have not told me that yet.'],
      [['One', 'Two', 'What did I say first?'], '“One”'],
      [['One', 'Two', 'What was my last message?'], '“Two”'],
      [['What did I say before?'], 'Nothing yet'],
      [['One', 'Two', 'How many messages have I sent?'], '3 messages so far'],
      [['My name is Ada', 'I live in Rome', 'What do you remember about me?'], 'your name is Ada and you live in Rome'],
    ])('%p', (lines, expected) => {
      expect(say(...lines).text).toContain(expected);
    });

    it('quotes what it said itself', () => {
      const first = say('Say this is a test');
      expect(first.text).toBe('this is a test');
      expect(say('Say this is a test', 'Repeat that, please').text).toContain('“this is a test”');
    });

    it('takes a greeting or a mood for no name', () => {
      expect(say('I am tired', 'What is my name?').text).toContain('not told me');
      expect(say("I'm from Berlin", 'What is my name?').text).toContain('not told me');
    });

    it('picks up short answers to its own last message', () => {
      expect(say('Tell me about Paris', 'Why?').text).toMatch(/because your message before, “Tell me about Paris”/);
      expect(say('Tell me about Paris', 'yes').text).toMatch(/^Good\. I had said “/);
      expect(say('Tell me about Paris', 'no').text).toMatch(/^All right, then not\./);
      expect(say('Tell me about Paris', 'go on').text).toContain('go on from “');
    });

    it('connects a new subject with the one before', () => {
      expect(say('I wonder about whales', 'And what about sharks?').text).toContain(
        'Before that you wrote “I wonder about whales”',
      );
      expect(say('I wonder about whales', 'Do whales sing?').text).toContain('We are still with “whales”');
    });
  });

  it.each([
    ['What is 12 * 7?', '12 * 7 = 84.'],
    ['what is 12*7', '12*7 = 84.'],
    ['(3 + 4) / 2', '(3 + 4) / 2 = 3.5.'],
    ['Please calculate 1,000 times 3', '1000 * 3 = 3000.'],
    ['How much is 7 plus 8, please?', '7 + 8 = 15.'],
    ['Hi! What’s 9 squared?', '9 ^2 = 81.'],
    ['0.1 + 0.2', '0.1 + 0.2 = 0.3.'],
    ['what is 5 divided by 0', '5 / 0 has no finite value'],
    ['2 × 3 ÷ 4 − 1', '= 0.5.'],
  ])('calculates %p', (line, expected) => {
    expect(say(line).text).toContain(expected);
  });

  it.each(['I was born 12-07-1990 in Rome', '12-07-1990', 'What is 2024?', 'call 555-1234 now', '1 + + +'])(
    'takes %p for no calculation',
    (line) => {
      expect(say(line).text).not.toContain(' = ');
    },
  );

  it.each([
    ['Say this is a test', 'this is a test'],
    ['Repeat after me: "Good morning"', 'Good morning'],
    ['echo  a  b', 'a  b'],
    ['Reverse abc', 'cba'],
    ['Please reverse the word "stressed"', 'desserts'],
    ['Reverse é👩‍👩‍👧x🇩🇪', '🇩🇪x👩‍👩‍👧é'],
    ['Could you uppercase straße?', 'STRASSE'],
    ['convert the text “foo bar” to upper case', 'FOO BAR'],
    ['hello world in uppercase', 'HELLO WORLD'],
    ['lowercase ABC', 'abc'],
    ['Spell mill', 'm-i-l-l'],
    ['count to 5', '1, 2, 3, 4, 5.'],
    ['Count from 3 to 1', '3, 2, 1.'],
    ['count down from 3', '3, 2, 1.'],
    ['count backwards', '10, 9, 8, 7, 6, 5, 4, 3, 2, 1.'],
  ])('does %p exactly', (line, expected) => {
    expect(say(line).text).toBe(expected);
  });

  it.each([
    ['How many words are in "the quick brown fox"?', '4 words'],
    ['How many letters does banana have?', '10 letters'],
    ['how many characters in 👩‍👩‍👧é', '2 characters'],
  ])('measures: %p', (line, expected) => {
    expect(say(line).text).toContain(expected);
  });

  it('counts no further than a long answer', () => {
    expect(say('count to 9999999').text).toMatch(/, 1000 … and so on to 9999999\.$/);
  });

  it.each([
    ['Write a haiku about autumn rain', /^Autumn rain /],
    ['Tell me a short story about a dragon in 100 words', /a dragon/],
    ['a poem on rivers', /^Rivers/],
    ['Tell me a joke', /token walks into a bar/],
  ])('invents: %p', (line, expected) => {
    expect(say(line).text).toMatch(expected);
  });

  it('takes the subject of a story from the conversation if none is given', () => {
    expect(say('I wonder about whales', 'Tell me a story').text).toContain('whales');
    expect(say('Tell me a story').text).toContain('the old mill');
  });

  it.each([
    ['What is streaming?', /still being written/],
    ['Explain workflows', /graph of steps/],
    ['What is Millrace?', /typed workflows as OpenAI models/],
    ['help', /count to 20/],
    ['How do I set the OpenAI API key?', /OPENAI_BASE_URL/],
  ])('explains: %p', (line, expected) => {
    expect(say(line).text).toMatch(expected);
  });

  it('answers everything else with the key words of the message and the truth about the demo', () => {
    const { text, noticed } = say('What is the capital of France?');
    expect(text).toContain('You ask about “capital” and “France”.');
    expect(text).toContain('offline demo');
    expect(noticed).toContain('“capital” and “France”');
  });

  it.each(['', '   '])('answers a message without text, %p', (line) => {
    expect(say(line).text).toContain('no text');
  });

  describe('under instructions', () => {
    it('answers in capital letters', () => {
      const { text } = sayUnder('Always answer in UPPERCASE letters.', 'Tell me about Paris');
      expect(text).toBe(text.toUpperCase());
      expect(say('Answer in uppercase: how are you?').text).toContain('I AM WELL');
    });

    it('answers in small letters', () => {
      expect(sayUnder('Respond only in lower case.', 'count to 3. WHAT IS STREAMING').text).toBe('1, 2, 3.');
      expect(sayUnder('Respond only in lower case.', 'Who are you?').text).toMatch(/^i am the demo/);
    });

    it.each(['Be brief.', 'Use one sentence.', 'Keep your answers short'])('answers shortly: %p', (instructions) => {
      expect(sayUnder(instructions, 'What is streaming?').text).toBe(
        'Streaming means that an answer is sent while it is still being written.',
      );
      expect(sayUnder(instructions, 'Hello').text).toMatch(/offline demo/);
    });

    it('mentions the persona when it greets', () => {
      expect(sayUnder('You are a grumpy pirate. Talk like one.', 'Hello').text).toContain('“a grumpy pirate”');
    });

    it('reads developer messages as well', () => {
      const conversation = readConversation([
        { role: 'developer', content: [{ type: 'text', text: 'Answer in all caps.' }] },
        { role: 'user', content: 'count to 2 and tell me about rain' },
      ]);
      expect(replyTo(conversation).text).toBe('1, 2.');
      expect(conversation.instructions).toBe('Answer in all caps.');
    });
  });

  describe('with parts', () => {
    it('joins text parts and says what it cannot read', () => {
      const reply = replyTo(
        readConversation([
          {
            role: 'user',
            content: [
              { type: 'text', text: 'What is' },
              { type: 'text', text: '2 + 3?' },
              { type: 'image_url', image_url: { url: 'https://example.com/a.png' } },
              { type: 'input_audio', input_audio: { data: 'AAAA', format: 'wav' } },
              { type: 'file', file: { file_id: 'file-1' } },
            ],
          },
        ]),
      );
      expect(reply.text).toBe(
        'I cannot see the image, hear the audio recording and open the file: I am only the demo. ' +
          '2 + 3 = 5. That one I did not have to guess: I calculate with fixed rules. Give me another.',
      );
    });

    it('answers an image alone', () => {
      const image = { type: 'image_url', image_url: { url: 'https://example.com/a.png' } } as const;
      expect(replyTo(readConversation([{ role: 'user', content: [image] }])).text).toBe(
        'I cannot see the image: I am only the demo.',
      );
    });
  });

  describe('after tools', () => {
    const call: Message = {
      role: 'assistant',
      content: null,
      tool_calls: [
        { id: 'a', type: 'function', function: { name: 'get_weather', arguments: '{}' } },
        { id: 'b', type: 'custom', custom: { name: 'note', input: 'x' } },
      ],
    };
    const question: Message = { role: 'user', content: 'Weather in Paris?' };
    const replyAfter = (...results: Message[]): string => replyTo(readConversation([question, call, ...results])).text;

    it('sums up an object by its fields', () => {
      const text = replyAfter({
        role: 'tool',
        tool_call_id: 'a',
        content: '{"city":"Paris","temperature":21,"sky":["blue"]}',
      });
      expect(text).toContain('You asked “Weather in Paris?”.');
      expect(text).toContain('get_weather answered: city is “Paris”, temperature is 21 and sky is ["blue"].');
    });

    it('passes text and lists on, from all tools', () => {
      const text = replyAfter(
        { role: 'tool', tool_call_id: 'a', content: 'It is sunny.' },
        { role: 'tool', tool_call_id: 'b', content: '[1,2,3]' },
        { role: 'tool', tool_call_id: '?', content: [{ type: 'text', text: '' }] },
      );
      expect(text).toContain('get_weather answered: “It is sunny”.');
      expect(text).toContain('note answered: a list of 3 items, “[1,2,3]”.');
      expect(text).toContain('The tool answered with nothing.');
    });

    it('goes back to talking when the user does', () => {
      const text = replyAfter({ role: 'tool', tool_call_id: 'a', content: '{}' }, { role: 'user', content: 'Thanks!' });
      expect(text).toMatch(/^You are welcome/);
    });
  });

  it('has something to say to every conversation, and the same each time', () => {
    const line = fc.oneof(fc.string({ unit: 'binary', maxLength: 80 }), fc.lorem({ maxCount: 12 }));
    const message = fc.oneof(
      line.map((content): Message => ({ role: 'user', content })),
      line.map((content): Message => ({ role: 'assistant', content })),
      line.map((content): Message => ({ role: 'system', content })),
      line.map((content): Message => ({ role: 'tool', tool_call_id: 'a', content })),
    );
    fc.assert(
      fc.property(fc.array(message, { maxLength: 6 }), (messages) => {
        const reply = replyTo(readConversation(messages));
        expect(reply.text).not.toBe('');
        expect(reply.noticed).toMatch(/^\S.*\.$/s);
        expect(replyTo(readConversation(structuredClone(messages)))).toEqual(reply);
      }),
    );
  });

  // Any rule that is not linear in such a text takes minutes for it.
  it.each(['say ', 'reverse the ', 'what is ', 'my name is ', 'write a story about ', 'how many words in ', ''])(
    'is quick with very long messages that begin with %p',
    (lead) => {
      for (const unit of [
        ' ',
        'a',
        'my a is ',
        '((',
        '1+',
        '“',
        'please ',
        'in uppercase ',
        '\n',
        '漢',
        'you are a ',
      ]) {
        const content = `${lead}${unit.repeat(2_000_000 / unit.length)}?`;
        const messages: Message[] = [
          { role: 'system', content },
          { role: 'user', content },
          { role: 'assistant', content },
          { role: 'user', content },
        ];
        expect(replyTo(readConversation(messages)).text.length).toBeLessThan(10_000);
      }
    },
  );
});
