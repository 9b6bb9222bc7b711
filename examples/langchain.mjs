// Streams a text, shows the reasoning of another, lets the model use a tool, and requests an object, with LangChain.
// Run it: `npm ci && npm start`, and in another terminal `node examples/langchain.mjs`.
// Another server: `BASE_URL=http://host:8080/v1 node examples/langchain.mjs`.
import { HumanMessage } from '@langchain/core/messages';
import { tool } from '@langchain/core/tools';
import { ChatOpenAI } from '@langchain/openai';
import { z } from 'zod';

const workflow = (model) =>
  new ChatOpenAI({
    model,
    apiKey: 'not needed',
    configuration: { baseURL: process.env.BASE_URL ?? 'http://localhost:8080/v1' },
  });

for await (const part of await workflow('streaming').stream('What is 12 * 7?')) {
  process.stdout.write(part.text);
  if (part.usage_metadata) console.log(`\n(${part.usage_metadata.total_tokens} tokens)\n`);
}

const considered = await workflow('reasoning').invoke('What is 12 * 7?');
console.log('Thinking:', considered.additional_kwargs.reasoning_content);
console.log('Reply:', considered.text);

const getWeather = tool(({ city }) => JSON.stringify({ city, sky: 'clear', celsius: 21 }), {
  name: 'get_weather',
  description: 'Tells the weather in a city',
  schema: z.object({ city: z.string() }),
});
const forecaster = workflow('chat').bindTools([getWeather]);
const question = new HumanMessage('Use get_weather for Paris.');
const calling = await forecaster.invoke([question]);
const results = await Promise.all((calling.tool_calls ?? []).map((call) => getWeather.invoke(call)));
console.log(`\n${(await forecaster.invoke([question, calling, ...results])).text}`);

const structured = workflow('chat').withStructuredOutput(z.object({ reply: z.string() }), {
  name: 'answer',
  method: 'jsonSchema',
});
console.log('\nObject:', await structured.invoke('What is 12 * 7?'));
