import { setTimeout as sleep } from 'node:timers/promises';
import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, it } from '@jest/globals';
import { ProxyAgent, WebSocket } from 'undici';
import { eventually } from '../support/eventually.js';
import { getJson, postJson } from '../support/http-client.js';
import { CLI, LinkedProject } from '../support/linked-project.js';
import type { ChildProcess } from '../support/process.js';
import { findFreePort } from '../support/server-process.js';
import { openStream } from '../support/sse-client.js';

/** A compiler and a start may take this long on a busy machine, in milliseconds. */
const LONGEST_MS = 60_000;
const WORKFLOW = 'src/workflows/assistant/assistant.workflow.ts';

describe('millrace dev', () => {
  let project: LinkedProject;
  let port: string;
  let dev: ChildProcess;
  beforeAll(async () => {
    project = await LinkedProject.make();
  }, 3 * LONGEST_MS);
  afterAll(() => project.remove());
  afterEach(() => project.stop());

  const url = (path: string): string => `http://127.0.0.1:${port}${path}`;

  it('x', () => undefined);
  void [beforeEach, sleep, ProxyAgent, WebSocket, eventually, getJson, postJson, CLI, findFreePort, openStream, url, WORKFLOW];
});
