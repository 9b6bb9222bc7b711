import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, it } from '@jest/globals';
import fc from 'fast-check';
import { format } from 'prettier';
import { describeRegistration, registerWorkflow } from './register-workflow.js';
import { makeWorkflowNames } from './workflow-names.js';

const names = makeWorkflowNames('my-flow');

/** Adds a workflow to a source that can be changed. */
function register(source: string, id = 'my-flow'): string {
  return registerWorkflow(source, makeWorkflowNames(id), '.js') ?? 'undefined';
}

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
          const once = all.reduce((source, id) => register(source, id), from);
          expect(all.reduce((source, id) => register(source, id), once)).toBe(once);
          expect(await format(once, { parser: 'typescript', singleQuote: true, printWidth: 120 })).toBe(once);
        },
      ),
      { numRuns: 25 },
    );
  });

  it.each([
    ['@Module({ imports: [] })', '@Module({ imports: [], providers: [MyFlowWorkflow] })'],
    ['@Module({})', '@Module({ providers: [MyFlowWorkflow] })'],
    ['@Module({\n  imports: [A],\n})', '@Module({\n  imports: [A],\n  providers: [MyFlowWorkflow],\n})'],
    ['@Module({\n  imports: [A] // a\n})', '@Module({\n  imports: [A], // a\n  providers: [MyFlowWorkflow],\n})'],
    ['@Module({ providers: [] })', '@Module({ providers: [MyFlowWorkflow] })'],
    ['@Module({ providers: [...[], A] })', '@Module({ providers: [...[], A, MyFlowWorkflow] })'],
    ['@Module({\n  providers: [...ALL, A],\n})', '@Module({\n  providers: [...ALL, A, MyFlowWorkflow],\n})'],
    [
      "@Module({\n  providers: [\n    { provide: 'a]', useClass: A }, // a\n  ],\n})",
      "@Module({\n  providers: [\n    { provide: 'a]', useClass: A }, // a\n    MyFlowWorkflow,\n  ],\n})",
    ],
    [
      '// providers: [X]\n@Module({ imports: [A.with({ providers: [B] })] })',
      '// providers: [X]\n@Module({ imports: [A.with({ providers: [B] })], providers: [MyFlowWorkflow] })',
    ],
  ])('adds to %j, once', (written, wanted) => {
    const [before, after] = [written, wanted].map((text) => `${text}\nexport class WorkflowsModule {}\n`);
    const once = register(before ?? '');
    expect(once).toBe(`import { MyFlowWorkflow } from './my-flow/my-flow.workflow.js';\n${after}`);
    expect(register(once)).toBe(once);
  });

  it.each([
    ['two lists', MODULE.replace('imports: [ShopModule],', 'providers: [],')],
    ['no list', MODULE.replace('[ChatWorkflow, ZooWorkflow]', 'PROVIDERS')],
    ['more than a list', MODULE.replace('ZooWorkflow]', 'ZooWorkflow].concat(MORE)')],
    ['settings that are spread', MODULE.replace('providers: [ChatWorkflow, ZooWorkflow]', '...SETTINGS')],
    ['two modules', `${MODULE}${MODULE}`],
    ['an empty file', ''],
  ])('leaves %s to a person, and says what to write', (_, source) => {
    expect(registerWorkflow(source, names, '.js')).toBeUndefined();
    expect(describeRegistration(names, '.js')).toEqual([
      "import { MyFlowWorkflow } from './my-flow/my-flow.workflow.js';",
      'providers: [..., MyFlowWorkflow], in its @Module',
    ]);
  });
});
