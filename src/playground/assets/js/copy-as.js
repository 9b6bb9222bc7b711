/** @import { ChatRequest, ResponseRequest } from './types.js' */
import { makeResponseRequest } from './response-request.js';
import { quoteForShell, writeJavaScript, writePythonArguments } from './write-code.js';

/** The environment variable that stands for the key in copied programs: the key itself is never copied. */
const KEY = 'MILLRACE_API_KEY';

/** Parameters that openai-python's methods have. */
const PYTHON_CHAT = new Set(
  (
    'model messages stream stream_options temperature top_p max_completion_tokens max_tokens seed stop n tools tool_choice ' +
    'parallel_tool_calls response_format logprobs top_logprobs presence_penalty frequency_penalty logit_bias user metadata ' +
    'store reasoning_effort verbosity service_tier prediction modalities audio safety_identifier prompt_cache_key ' +
    'web_search_options functions function_call'
  ).split(' '),
);
const PYTHON_RESPONSES = new Set(
  (
    'model instructions input stream temperature top_p max_output_tokens tools tool_choice parallel_tool_calls text include ' +
    'top_logprobs user metadata store reasoning service_tier safety_identifier prompt_cache_key'
  ).split(' '),
);

/** Parameters that have another name or place in the AI SDK; it passes on all others. */
const AI_SDK_CHAT_FORMS = ['tools', 'tool_choice', 'response_format'];
/** Parameters that the AI SDK passes on for responses, where it knows each one. */
const AI_SDK_RESPONSES = new Set(
  'user metadata store parallel_tool_calls service_tier safety_identifier prompt_cache_key'.split(' '),
);

/**
 * @template Request
 * @typedef {object} Copied
 * @property {Request} request
 * @property {string} baseUrl the API's address, which ends with `/v1`
 * @property {boolean} hasKey true if the request is sent with a key
 */

/** Programs that ask for a completion. @type {Readonly<Record<string, (copied: Copied<ChatRequest>) => string>>} */
const COPY_CHAT_AS = {
  /** For a POSIX shell. */
  curl: (copied) => writeCurl('chat/completions', copied),

  /** For Node 20 and newer, as an ES module. */
  'openai-node': ({ request, ...server }) =>
    `${writeNodeClient(server)}
const stream = await client.chat.completions.create(${writeJavaScript(request)});
for await (const chunk of stream) process.stdout.write(chunk.choices[0]?.delta.content ?? '');
`,

  'openai-python': ({ request, ...server }) =>
    `${writePythonClient(server)}
stream = client.chat.completions.create(
${writePythonArguments(request, PYTHON_CHAT)}
)
for chunk in stream:
    if chunk.choices:
        print(chunk.choices[0].delta.content or "", end="", flush=True)
`,

  'AI SDK': ({ request, ...server }) => {
    const { model, messages, stream: _, stream_options: __, temperature, top_p: topP, seed, ...others } = request;
    const own = AI_SDK_CHAT_FORMS.find((name) => name in others);
    if (own !== undefined) throw makeFormError(own);
    const providerOptions = Object.keys(others).length === 0 ? undefined : { millrace: others };
    return `import { createOpenAICompatible } from '@ai-sdk/openai-compatible';
import { streamText } from 'ai';

const millrace = createOpenAICompatible({ name: 'millrace', baseURL: ${JSON.stringify(server.baseUrl)}${writeGivenKey(server)} });
${writeStreamText(`millrace(${JSON.stringify(model)})`, messages, { temperature, topP, seed, providerOptions })}`;
  },

  /** A page that continues by itself after a lost connection: the completion outlives it. */
  EventSource: ({ request, baseUrl }) =>
    writePage(`const url = ${writeJavaScript(`${baseUrl}/chat/completions`)};
const response = await fetch(url, {
  method: 'POST',
  headers: { 'content-type': 'application/json', 'millrace-on-disconnect': 'continue' },
  body: JSON.stringify(${writeJavaScript(request)}),
});
if (!response.ok) throw new Error(said.textContent = (await response.json()).error.message);
// All chunks have the id of the completion.
const reader = response.body.pipeThrough(new TextDecoderStream()).getReader();
let id;
for (let begun = ''; id === undefined; [, id] = /"id":"(.+?)"/.exec(begun) ?? []) {
  const { done, value } = await reader.read();
  if (done) throw new Error(said.textContent = begun);
  begun += value;
}
await reader.cancel();

const source = new EventSource(\`\${url}/\${id}?stream=true\`);
source.onmessage = ({ data }) => {
  if (data === '[DONE]') return source.close();
  const { choices = [], error } = JSON.parse(data);
  // What a process had half said when it died is said again from the beginning.
  if (error) said.textContent = error.code === 'run_restarted' ? '' : error.message;
  said.append(choices[0]?.delta.content ?? '');
};`),
};

/** Programs that ask for a response. @type {Readonly<Record<string, (copied: Copied<ResponseRequest>) => string>>} */
const COPY_RESPONSE_AS = {
  curl: (copied) => writeCurl('responses', copied),

  'openai-node': ({ request, ...server }) =>
    `${writeNodeClient(server)}
const stream = await client.responses.create(${writeJavaScript(request)});
for await (const event of stream) if (event.type === 'response.output_text.delta') process.stdout.write(event.delta);
`,

  'openai-python': ({ request, ...server }) =>
    `${writePythonClient(server)}
stream = client.responses.create(
${writePythonArguments(request, PYTHON_RESPONSES)}
)
for event in stream:
    if event.type == "response.output_text.delta":
        print(event.delta, end="", flush=True)
`,

  'AI SDK': ({ request, ...server }) => {
    const { model, instructions, input, stream: _, ...others } = request;
    const { temperature, top_p: topP, max_output_tokens: maxOutputTokens, ...further } = others;
    const own = Object.keys(further).find((name) => !AI_SDK_RESPONSES.has(name));
    if (own !== undefined) throw makeFormError(own);
    const openai = Object.fromEntries(Object.entries(further).map(([name, value]) => [toCamelCase(name), value]));
    const providerOptions = Object.keys(openai).length === 0 ? undefined : { openai };
    const system = typeof instructions === 'string' ? [{ role: 'system', content: instructions }] : [];
    const options = { temperature, topP, maxOutputTokens, providerOptions };
    return `import { createOpenAI } from '@ai-sdk/openai';
import { streamText } from 'ai';

const millrace = createOpenAI({ baseURL: ${JSON.stringify(server.baseUrl)}, apiKey: ${writeKey(server)} });
${writeStreamText(`millrace.responses(${JSON.stringify(model)})`, [...system, ...input], options)}`;
  },

  /** A page that continues by itself after a lost connection. */
  EventSource: ({ request, baseUrl }) =>
    writePage(`const url = ${writeJavaScript(`${baseUrl}/responses`)};
const response = await fetch(url, {
  method: 'POST',
  headers: { 'content-type': 'application/json' },
  body: JSON.stringify(${writeJavaScript({ ...request, stream: undefined, background: true })}),
});
const { id, error } = await response.json();
if (!response.ok) throw new Error(said.textContent = error.message);

const source = new EventSource(\`\${url}/\${id}?stream=true\`);
source.addEventListener('response.output_text.delta', ({ data }) => said.append(JSON.parse(data).delta));
for (const end of ['response.completed', 'response.incomplete', 'response.failed']) {
  source.addEventListener(end, () => source.close());
}`),
};

/**
 * Writes a request as a program, or as a command.
 * @param {string} form one that the menu offers
 * @param {{ chat: ChatRequest, isResponse: boolean, baseUrl: string, hasKey: boolean }} options `isResponse`: the
 * Responses API is asked
 * @returns {{ text: string, note: string }} the note says what the text lacks; possibly empty
 * @throws {Error} if the request cannot be written in this form
 */
export function writeRequestAs(form, { chat, isResponse, ...server }) {
  if (!isResponse) return { text: COPY_CHAT_AS[form]?.({ request: chat, ...server }) ?? '', note: '' };
  const { request, leftOut } = makeResponseRequest(chat);
  const note = leftOut.length === 0 ? '' : `. Responses do not have ${leftOut.join(', ')}`;
  return { text: COPY_RESPONSE_AS[form]?.({ request, ...server }) ?? '', note };
}

/** @param {string} script that shows what comes in `said` */
function writePage(script) {
  return `<!doctype html>
<!-- Serve it from an origin that CORS_ORIGINS names. EventSource sends no key: where one is needed, a gateway adds it. -->
<meta charset="utf-8" />
<title>Millrace</title>
<pre></pre>
<script type="module">
const said = document.querySelector('pre');
${script}
</script>
`;
}

/** @typedef {{ baseUrl: string, hasKey: boolean }} Server */

/** @param {string} path @param {Server & { request: object }} copied */
function writeCurl(path, { request, baseUrl, hasKey }) {
  return [
    `curl -N ${quoteForShell(`${baseUrl}/${path}`)}`,
    `-H 'content-type: application/json'`,
    ...(hasKey ? [`-H "authorization: Bearer $${KEY}"`] : []),
    `--data-raw ${quoteForShell(JSON.stringify(request, null, 2))}`,
  ].join(' \\\n  ');
}

/** @param {Server} server */
const writeKey = ({ hasKey }) => (hasKey ? `process.env.${KEY}` : `process.env.${KEY} ?? 'none'`);

/** @param {Server} server */
const writeGivenKey = ({ hasKey }) => (hasKey ? `, apiKey: process.env.${KEY}` : '');

/** @param {Server} server */
function writeNodeClient(server) {
  return `import OpenAI from 'openai';

const client = new OpenAI({ baseURL: ${JSON.stringify(server.baseUrl)}, apiKey: ${writeKey(server)} });`;
}

/** @param {Server} server */
function writePythonClient({ baseUrl, hasKey }) {
  const key = hasKey ? `os.environ["${KEY}"]` : `os.environ.get("${KEY}", "none")`;
  return `import os
from openai import OpenAI

client = OpenAI(base_url=${JSON.stringify(baseUrl)}, api_key=${key})`;
}

/**
 * Writes a call of the AI SDK, which takes the system message apart from the other messages.
 * @param {string} model an expression
 * @param {ChatRequest['messages']} all
 * @param {Readonly<Record<string, unknown>>} options
 */
function writeStreamText(model, all, options) {
  const system = all.find(({ role }) => role === 'system')?.content;
  const messages = all.filter(({ role }) => role !== 'system');
  const lines = Object.entries({ system, messages, ...options })
    .filter(([, value]) => value !== undefined)
    .map(([name, value]) => `  ${name}: ${writeJavaScript(value).replaceAll('\n', '\n  ')},\n`);
  return `const { textStream } = streamText({
  model: ${model},
${lines.join('')}});
for await (const text of textStream) process.stdout.write(text);
`;
}

/** What the AI SDK has in a form of its own, or not at all, cannot be passed through it. @param {string} name */
function makeFormError(name) {
  return new Error(`The AI SDK does not take “${name}” as it is: copy this in another way.`);
}

/** @param {string} name */
const toCamelCase = (name) => name.replaceAll(/_(\w)/g, (_, letter) => letter.toUpperCase());
