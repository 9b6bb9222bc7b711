import { assertNever } from '../../kernel/index.js';
import type { CompiledScope, CompiledWait } from '../workflow-schema.js';
import type { DefinitionFaults } from './definition-faults.js';

/**
 * Lists what a workflow may wait for.
 * @param path keys of the enclosing steps, each followed by a slash
 */
export function listWaits({ steps }: CompiledScope, path = ''): readonly CompiledWait[] {
  return steps.flatMap((step) => {
    switch (step.kind) {
      case 'node':
        return [];
      case 'interrupt':
        return [
          { name: step.name, node: path + step.key, answer: step.answer, hasDefault: step.onTimeout !== undefined },
        ];
      case 'route':
        return [...step.branches.values()].flatMap((branch) => listWaits(branch, path));
      case 'workflow':
        return step.workflow.waits.map((wait) => ({ ...wait, node: `${path}${step.key}/${wait.node}` }));
      default:
        return assertNever(step);
    }
  });
}

/** Reports waits that clients could not tell apart. */
export function checkWaits(waits: readonly CompiledWait[], faults: DefinitionFaults): void {
  const names = new Set<string>();
  for (const { name, node } of waits) {
    if (names.has(name)) {
      const fix = 'Give each wait a name of its own, those in branches and in workflows inside as well.';
      faults.add(
        'duplicate_wait_name',
        `another step waits for "${name}", too, and clients answer by the name.`,
        fix,
        node,
      );
    }
    names.add(name);
  }
}
