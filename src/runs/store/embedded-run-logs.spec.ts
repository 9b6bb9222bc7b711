import { mkdtemp, readdir, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { describeRunLogStore } from '../../../test/support/run-store-conformance.js';
import { readConfig } from '../../config/index.js';
import { RandomIdSource } from '../../kernel/index.js';
import { EmbeddedRunLogs } from './embedded-run-logs.js';
import { EmbeddedStore } from './embedded-store.js';

let folder: string;

describeRunLogStore('SQLite', {
  begin: async () => {
    folder = await mkdtemp(join(tmpdir(), 'millrace-logs-'));
  },
  open: (clock) => {
    const documents = new EmbeddedStore(readConfig({ RUNS_DIR: folder }, []), clock, new RandomIdSource());
    return {
      documents,
      logs: new EmbeddedRunLogs(documents),
      sweep: () => documents.useRunLogs((logs) => logs.sweep()),
      close: () => documents.onApplicationShutdown(),
    };
  },
  isUntouched: async () => (await readdir(folder)).length === 0,
  end: () => rm(folder, { recursive: true, force: true }),
});
