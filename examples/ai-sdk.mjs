// Streams reasoning and text, lets the model use a tool, and requests an object, with the Vercel AI SDK.
// Run it: `npm ci && npm start`, and in another terminal `node examples/ai-sdk.mjs`.
// Another server: `BASE_URL=http://host:8080/v1 node examples/ai-sdk.mjs`.
import { createOpenAICompatible } from '@ai-sdk/openai-compatible';
import { generateText, Output, stepCountIs, streamText, tool } from 'ai';
import { z } from 'zod';

const millrace = createOpenAICompatible({
  name: 'millrace',
  baseURL: process.env.BASE_URL ?? 'http://localhost:8080/v1',
  includeUsage: true,
  supportsStructuredOutputs: true,
});

const result = streamText({
  model: millrace('reasoning'),
  prompt: 'What is 12 * 7?',
  onError: ({ error }) => console.error('Failed:', error),
});
for await (const part of result.fullStream) {
  if (part.type === 'reasoning-start') process.stdout.write('Thinking: ');
  if (part.type === 'text-start') process.stdout.write('\nReply: ');
  if (part.type === 'reasoning-delta' || part.type === 'text-delta') process.stdout.write(part.text);
}
console.log(`\n(${(await result.usage).totalTokens} tokens)\n`);

const { text } = await generateText({
  model: millrace('chat'),
  prompt: 'Use get_weather for Paris.',
  stopWhen: stepCountIs(3),
  tools: {
    get_weather: tool({
      description: 'Tells the weather in a city',
      inputSchema: z.object({ city: z.string() }),
      execute: ({ city }) => ({ city, sky: 'clear', celsius: 21 }),
    }),
  },
});
console.log(text);

const { output } = await generateText({
  model: millrace('chat'),
  prompt: 'What is 12 * 7?',
  output: Output.object({ schema: z.object({ reply: z.string() }) }),
});
console.log('\nObject:', output);
