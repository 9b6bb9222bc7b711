import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, it } from '@jest/globals';
import fc from 'fast-check';
import { format } from 'prettier';
import { CliError } from '../cli-error.js';
import { registerWorkflow } from './register-workflow.js';
import { makeWorkflowNames } from './workflow-names.js';

const names = makeWorkflowNames('my-flow');

const MODULE = `import { Module } from '@nestjs/common';
import { ChatWorkflow } from './chat/chat.workflow.js';
import { ZooWorkflow } from './zoo/zoo.workflow.js';

/** Add yours here. */
@Module({
  imports: [ShopModule],
  providers: [ChatWorkflow, ZooWorkflow],
})
export class WorkflowsModule {}
`;

describe('registering a workflow', () => {
  it('adds its import in order, and its provider', () => {
    expect(registerWorkflow(MODULE, names, '.js')).toBe(`import { Module } from '@nestjs/common';
import { ChatWorkflow } from './chat/chat.workflow.js';
import { MyFlowWorkflow } from './my-flow/my-flow.workflow.js';
import { ZooWorkflow } from './zoo/zoo.workflow.js';

/** Add yours here. */
@Module({
  imports: [ShopModule],
  providers: [ChatWorkflow, ZooWorkflow, MyFlowWorkflow],
})
export class WorkflowsModule {}
`);
  });

  it('changes nothing the second time, and writes what the formatter would write', async () => {
    const ids = fc.stringMatching(/^[a-z][a-z0-9]{0,8}(-[a-z0-9]{1,8}){0,2}$/);
    const own = readFileSync(join(import.meta.dirname, '../../workflows/workflows.module.ts'), 'utf8');
    await fc.assert(
      fc.asyncProperty(
        fc.uniqueArray(ids, { minLength: 1, maxLength: 6 }),
        fc.constantFrom(MODULE, own),
        async (all, from) => {
          const once = all.reduce((source, id) => registerWorkflow(source, makeWorkflowNames(id), '.js'), from);
          expect(all.reduce((source, id) => registerWorkflow(source, makeWorkflowNames(id), '.js'), once)).toBe(once);
          expect(await format(once, { parser: 'typescript', singleQuote: true, printWidth: 120 })).toBe(once);
        },
      ),
      { numRuns: 25 },
    );
  });

  it.each([
    ['two lists', MODULE.replace('imports: [ShopModule],', 'providers: [],')],
    ['no list', MODULE.replace('[ChatWorkflow, ZooWorkflow]', 'PROVIDERS')],
    ['a list with more than classes', MODULE.replace('ChatWorkflow, Z', '{ provide: A, useClass: B }, Z')],
    ['a list with a comment', MODULE.replace('ChatWorkflow, Z', 'ChatWorkflow, // first\n Z')],
    ['an empty file', ''],
  ])('refuses %s, and says what to write', (_, source) => {
    const register = (): string => registerWorkflow(source, names, '.js');
    expect(register).toThrow(CliError);
    expect(register).toThrow(/import \{ MyFlowWorkflow \} from '\.\/my-flow\/my-flow\.workflow\.js';/);
  });
});
