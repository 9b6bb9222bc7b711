import { join } from 'node:path';

const ROOT = join(import.meta.dirname, '../..');

/** A server that can be measured: what is started, in which folder. */
const TARGETS = {
  // In `dist`, where no .env lies that it could read.
  millrace: { args: ['--enable-source-maps', join(ROOT, 'dist/main.js')], cwd: join(ROOT, 'dist') },
  raw: { args: [join(import.meta.dirname, 'raw.mjs')], cwd: ROOT },
  'express-openai': { args: [join(import.meta.dirname, 'express-openai.mjs')], cwd: ROOT },
};

export const TARGET_NAMES = Object.keys(TARGETS);

/**
 * How to start a target, so that it calls this upstream and listens on a port of its own choice, which it prints.
 * @param {string} name
 * @param {string} upstream
 */
export function readTargetStart(name, upstream) {
  const { args, cwd } = TARGETS[name];
  const env = {
    NODE_ENV: 'production',
    HOST: '127.0.0.1',
    PORT: '0',
    LOG_FORMAT: 'json',
    OPENAI_BASE_URL: `${upstream}/v1`,
    OPENAI_API_KEY: 'bench',
  };
  return { args, cwd, env };
}
