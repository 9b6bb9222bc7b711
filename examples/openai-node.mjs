// Streams a text, lets the model use a tool, and requests JSON, with the `openai` package.
// Run it: `npm ci && npm start`, and in another terminal `node examples/openai-node.mjs`.
// Another server: `BASE_URL=http://host:8080/v1 node examples/openai-node.mjs`.
import OpenAI from 'openai';
import { zodResponseFormat } from 'openai/helpers/zod';
import { z } from 'zod';

const client = new OpenAI({
  baseURL: process.env.BASE_URL ?? 'http://localhost:8080/v1',
  apiKey: 'not needed',
});

const stream = await client.chat.completions.create({
  model: 'streaming',
  stream: true,
  stream_options: { include_usage: true },
  messages: [{ role: 'user', content: 'What is 12 * 7?' }],
});
for await (const chunk of stream) {
  process.stdout.write(chunk.choices[0]?.delta.content ?? '');
  if (chunk.usage) console.log(`\n(${chunk.usage.total_tokens} tokens)\n`);
}

const runner = client.chat.completions.runTools({
  model: 'chat',
  stream: true,
  messages: [{ role: 'user', content: 'Use get_weather for Paris.' }],
  tools: [
    {
      type: 'function',
      function: {
        name: 'get_weather',
        description: 'Tells the weather in a city',
        parameters: { type: 'object', properties: { city: { type: 'string' } }, required: ['city'] },
        parse: JSON.parse,
        function: ({ city }) => JSON.stringify({ city, sky: 'clear', celsius: 21 }),
      },
    },
  ],
});
console.log(await runner.finalContent());

const completion = await client.chat.completions.parse({
  model: 'chat',
  messages: [{ role: 'user', content: 'What is 12 * 7?' }],
  response_format: zodResponseFormat(z.object({ reply: z.string() }), 'answer'),
});
console.log('\nParsed:', completion.choices[0]?.message.parsed);

try {
  await client.chat.completions.create({ model: 'no-such-workflow', messages: [{ role: 'user', content: 'Hi' }] });
} catch (error) {
  if (!(error instanceof OpenAI.APIError)) throw error;
  console.log(`\nRefused: ${error.status} ${error.code} (request ${error.requestID})`);
}
