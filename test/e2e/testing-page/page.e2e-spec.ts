import { readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { describe, expect, it } from '@jest/globals';

const PAGE = join(import.meta.dirname, '../../../docs/testing-workflows.md');

describe('docs/testing-workflows.md', () => {
  it.each([
    ['support.workflow.ts', 'support.workflow.ts'],
    ['support.workflow.spec.ts', 'support.workflow.e2e-spec.ts'],
    ['support.e2e-spec.ts', 'support-over-http.e2e-spec.ts'],
  ])('shows %s as it runs here', async (shown, file) => {
    const page = await readFile(PAGE, 'utf8');
    const code = await readFile(join(import.meta.dirname, file), 'utf8');
    expect(page).toContain(`\`${shown}\`\n\n\`\`\`ts\n${code}\`\`\`\n`);
  });
});
