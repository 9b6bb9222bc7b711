/** Takes traces as Langfuse does, in a process of its own, and reports how much came. It keeps nothing. */
import { createServer } from 'node:http';

let requests = 0;
let bytes = 0;
let lastAt = performance.now();

const JSON_BODIES = {
  '/api/public/health': { status: 'OK', version: '3.160.0' },
  '/api/public/projects': { data: [{ id: 'bench', name: 'bench' }] },
};

const server = createServer((request, response) => {
  const isTraces = request.method === 'POST' && request.url === '/api/public/otel/v1/traces';
  request.on('data', (chunk) => {
    if (isTraces) bytes += chunk.length;
  });
  request.on('end', () => {
    const body = isTraces ? {} : JSON_BODIES[request.url];
    if (isTraces) {
      requests++;
      lastAt = performance.now();
    }
    response.writeHead(body === undefined ? 404 : 200, { 'content-type': 'application/json' });
    response.end(JSON.stringify(body ?? {}));
  });
});

process.on('message', ({ id, type }) => {
  if (type === 'received') process.send({ id, result: { requests, bytes, silentMs: performance.now() - lastAt } });
});
process.on('disconnect', () => process.exit());
server.listen(0, '127.0.0.1', () => console.log(`trace sink at http://127.0.0.1:${server.address().port}`));
