import { plainly } from '../quotation.js';
import type { Rule } from '../rule.js';

const QUESTION =
  /\b(?:what|how|why|explain|describe|define|tell me|help me understand|meaning of|introduction to|understand|teach me)\b/i;
const HELP =
  /^\W*(?:help|what can (?:you|i|we) do|what do you do|how (?:can you help|does this work|do you work)|commands|options)\b/i;

const SUBJECTS: readonly { readonly pattern: RegExp; readonly name: string; readonly text: string }[] = [
  {
    pattern: /\bmill ?race\b/i,
    name: 'Millrace',
    text: 'Millrace serves typed workflows as OpenAI models. A team writes a workflow as a graph of nodes, some of which call a language model, and every OpenAI client can talk to it at /v1/chat/completions: the name of the workflow is the name of the model. Tokens reach the client as they are generated, from whichever node speaks. A millrace is the channel that leads water to a mill wheel, hence the name.',
  },
  {
    pattern: /\b(?:structured (?:output|answer|response)s?|json schemas?|response_format|json mode)\b/i,
    name: 'structured output',
    text: 'Structured output is an answer in JSON that fits a schema which the client, or the workflow, has given. In Millrace a class describes the shape once: from it come the schema for the model, the validation of its answer and the documentation. The fields can stream while they are still being written, for example “thinking” into one channel and “reply” into another.',
  },
  {
    pattern: /\b(?:server-sent events?|sse|event stream)\b/i,
    name: 'server-sent events',
    text: "Server-sent events are a way to send many small messages over one HTTP response: lines that begin with “data:”, and an empty line after each event. OpenAI's API streams its chunks like this and ends with “data: [DONE]”. Because it is plain HTTP it passes proxies, and any client can read it line by line.",
  },
  {
    pattern: /\bstream(?:ing|s|ed)?\b/i,
    name: 'streaming',
    text: "Streaming means that an answer is sent while it is still being written. Instead of waiting for the last word, the client receives small pieces, each with the next few characters, and can show them at once. With OpenAI's protocol these pieces are server-sent events: one chunk after the other, a finish reason at the end, then [DONE]. You are most likely watching it right now.",
  },
  {
    pattern: /\bworkflows?\b/i,
    name: 'workflows',
    text: 'A workflow is a graph of steps, called nodes. Some are plain code, some call a language model, some decide which way to go. The output of one node is the input of the next, nodes without a connection between them run in parallel, and wrong wiring is found when the server starts. In Millrace a workflow is addressed like a model, so a client needs to know nothing about it.',
  },
  {
    pattern: /\btoken(?:s|i[sz](?:er|ation))?\b/i,
    name: 'tokens',
    text: 'A token is the unit in which language models read and write: a short word, a part of a longer one, or a punctuation mark. Three English words take about four tokens. Usage is counted in them, and a streamed answer arrives token by token. I am no model, but I cut my answers into the same tokens and count them honestly.',
  },
  {
    pattern: /\b(?:api[_ ]keys?|openai)\b/i,
    name: 'the API key',
    text: 'Set OPENAI_API_KEY in the environment of the server and start it again: then the workflows talk to OpenAI instead of me. OPENAI_BASE_URL points to any other server that speaks the same protocol, and OPENAI_MODEL names the model. Without a key or an address I answer, offline, so that everything else can be tried first.',
  },
  {
    pattern: /\b(?:nodes?|agents?)\b/i,
    name: 'nodes',
    text: 'A node is one step of a workflow. A plain node is code, an agent node calls a language model and keeps the answer for the next step, and an agent streaming node lets the client watch the answer grow. Each has a typed input and output and knows nothing of its neighbours, so it can be tested on its own.',
  },
];

/** Explains the few things that the demo knows about: Millrace itself, and what it does. */
export const explanations: Rule = ({ message }) => {
  const text = plainly(message.text);
  if (HELP.test(text)) {
    return {
      text: 'I am the offline demo, but I can do a few things: calculate (“what is 12 * 7”), count (“count to 20”), repeat, reverse or spell a text, tell a story or a haiku about anything, remember what you tell me (“My name is Ada”), and explain streaming, workflows and Millrace. For everything else set OPENAI_API_KEY, and a real model answers.',
      noticed: 'The user wants to know what I can do, so I list it.',
    };
  }
  if (!QUESTION.test(text)) return undefined;
  const subject = SUBJECTS.find(({ pattern }) => pattern.test(text));
  return (
    subject && { text: subject.text, noticed: `The user asks about ${subject.name}, one of the few subjects I know.` }
  );
};
