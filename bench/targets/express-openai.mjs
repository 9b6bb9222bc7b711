/** What most teams write first: Express, the openai SDK, `for await`, and one write for each chunk. */
import express from 'express';
import OpenAI from 'openai';
import { listSteps } from './steps.mjs';

const client = new OpenAI({ baseURL: process.env.OPENAI_BASE_URL, apiKey: process.env.OPENAI_API_KEY });

const app = express();
app.use(express.json({ limit: '10mb' }));
app.post('/v1/chat/completions', async (request, response) => {
  try {
    response.setHeader('content-type', 'text/event-stream');
    for (const step of listSteps(request.body)) {
      const stream = await client.chat.completions.create(step);
      for await (const chunk of stream) response.write(`data: ${JSON.stringify(chunk)}\n\n`);
    }
    response.end('data: [DONE]\n\n');
  } catch (error) {
    console.error(error);
    if (response.headersSent) response.destroy();
    else response.status(502).json({ error: { message: error.message } });
  }
});
const server = app.listen(0, '127.0.0.1', () => {
  console.log(`express-openai at http://127.0.0.1:${server.address().port}`);
});
