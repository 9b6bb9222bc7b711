/**
 * The least that a server in Node can do: it hands the upstream's bytes on as they are, through node:http alone. A
 * response of two steps has a [DONE] in its middle.
 */
import { Agent, createServer, request as httpRequest } from 'node:http';
import { json } from 'node:stream/consumers';
import { finished } from 'node:stream/promises';
import { listSteps } from './steps.mjs';

const url = `${process.env.OPENAI_BASE_URL}/chat/completions`;
const agent = new Agent({ keepAlive: true });

/** @returns {Promise<import('node:http').IncomingMessage>} */
function call(body) {
  return new Promise((resolve, reject) => {
    const headers = { 'content-type': 'application/json', authorization: `Bearer ${process.env.OPENAI_API_KEY}` };
    httpRequest(url, { method: 'POST', agent, headers }, resolve).on('error', reject).end(JSON.stringify(body));
  });
}

const server = createServer(async (request, response) => {
  try {
    for (const step of listSteps(await json(request))) {
      const incoming = await call(step);
      if (!response.headersSent)
        response.writeHead(incoming.statusCode, { 'content-type': incoming.headers['content-type'] });
      incoming.pipe(response, { end: false });
      await finished(incoming);
    }
    response.end();
  } catch (error) {
    console.error(error);
    if (response.headersSent) response.destroy();
    else response.writeHead(502).end();
  }
});
server.listen({ host: '127.0.0.1', port: 0, backlog: 4_096 }, () => {
  console.log(`raw at http://127.0.0.1:${server.address().port}`);
});
