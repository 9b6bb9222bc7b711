/** @import { ChatRequest } from './types.js' */

/** The variable of the environment that stands for the key in what is copied: a key itself is never copied. */
const KEY = 'MILLRACE_API_KEY';

/** Parameters that openai-python's `create` has; it takes all others in `extra_body`. */
const PYTHON_PARAMETERS = new Set(
  (
    'model messages stream stream_options temperature top_p max_completion_tokens max_tokens seed stop n tools tool_choice ' +
    'parallel_tool_calls response_format logprobs top_logprobs presence_penalty frequency_penalty logit_bias user metadata ' +
    'store reasoning_effort verbosity service_tier prediction modalities audio safety_identifier prompt_cache_key ' +
    'web_search_options functions function_call'
  ).split(' '),
);

/**
 * @typedef {object} Copied
 * @property {ChatRequest} request
 * @property {string} baseUrl the API's address, which ends with `/v1`
 * @property {boolean} hasKey true if the request is sent with a key
 */

/** @type {Readonly<Record<string, (copied: Copied) => string>>} */
export const COPY_AS = {
  /** For a POSIX shell. */
  curl: ({ request, baseUrl, hasKey }) =>
    [
      `curl -N ${quoteForShell(`${baseUrl}/chat/completions`)}`,
      `-H 'content-type: application/json'`,
      ...(hasKey ? [`-H "authorization: Bearer $${KEY}"`] : []),
      `--data-raw ${quoteForShell(JSON.stringify(request, null, 2))}`,
    ].join(' \\\n  '),

  /** For Node 20 and newer, as an ES module. */
  'openai-node': ({ request, baseUrl, hasKey }) =>
    `import OpenAI from 'openai';

const client = new OpenAI({ baseURL: ${JSON.stringify(baseUrl)}, apiKey: ${hasKey ? `process.env.${KEY}` : `process.env.${KEY} ?? 'none'`} });
const stream = await client.chat.completions.create(${JSON.stringify(request, null, 2)});
for await (const chunk of stream) process.stdout.write(chunk.choices[0]?.delta.content ?? '');
`,

  'openai-python': ({ request, baseUrl, hasKey }) => {
    const known = Object.entries(request).filter(([name]) => PYTHON_PARAMETERS.has(name));
    const others = Object.entries(request).filter(([name]) => !PYTHON_PARAMETERS.has(name));
    /** @type {[string, unknown][]} */
    const given = others.length === 0 ? known : [...known, ['extra_body', Object.fromEntries(others)]];
    return `import os
from openai import OpenAI

client = OpenAI(base_url=${JSON.stringify(baseUrl)}, api_key=${hasKey ? `os.environ["${KEY}"]` : `os.environ.get("${KEY}", "none")`})
stream = client.chat.completions.create(
${given.map(([name, value]) => `    ${name}=${writePython(value, '    ')},`).join('\n')}
)
for chunk in stream:
    if chunk.choices:
        print(chunk.choices[0].delta.content or "", end="", flush=True)
`;
  },
};

/** Writes a text as one word of a POSIX shell. @param {string} text */
function quoteForShell(text) {
  return `'${text.replaceAll("'", String.raw`'\''`)}'`;
}

/** Writes a JSON value as a Python expression. A JSON string is a Python string, too. @param {unknown} value @param {string} indent @returns {string} */
function writePython(value, indent) {
  if (value === null || value === undefined) return 'None';
  if (typeof value === 'boolean') return value ? 'True' : 'False';
  if (typeof value !== 'object') return JSON.stringify(value);
  const inner = `${indent}    `;
  const lines = Array.isArray(value)
    ? value.map((item) => writePython(item, inner))
    : Object.entries(value).map(([name, item]) => `${JSON.stringify(name)}: ${writePython(item, inner)}`);
  const [open, close] = Array.isArray(value) ? '[]' : '{}';
  return lines.length === 0
    ? `${open}${close}`
    : `${open}\n${lines.map((line) => `${inner}${line},\n`).join('')}${indent}${close}`;
}
