/** Lints openapi.json by the rules of redocly.yaml. Ends with 1 if there is anything to say, warnings too. */
import { join } from 'node:path';
import { formatProblems, getTotals, lint, loadConfig } from '@redocly/openapi-core';

const root = join(import.meta.dirname, '..');
const config = await loadConfig({ configPath: join(root, 'redocly.yaml') });
const problems = await lint({ ref: join(root, 'openapi.json'), config });
const totals = getTotals(problems);
formatProblems(problems, { format: 'codeframe', totals, version: '', cwd: root });
if (totals.errors + totals.warnings > 0) process.exitCode = 1;
