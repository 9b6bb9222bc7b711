import { describeValue, escapeControls } from '../../kernel/index.js';
import { type Flow, listWiredBranches } from '../flow.js';
import type { DefinitionFaults } from './definition-faults.js';

/** With the keys of the routes and branches around it. Tracing backends cut names at 200 characters. */
const MOST_CHARACTERS = 128;

/**
 * Words of visible characters, with one blank between them. Keys become names in traces, logs, metrics, events and graphs: what cannot
 * be seen cannot be searched for, a line break would divide a line of the log, and `/` divides the key of a nested workflow
 * from those of its steps.
 */
const VISIBLE_WORDS = /^[^\p{Cc}\p{Cf}\p{Cs}\p{Co}\p{Z}/]+(?: [^\p{Cc}\p{Cf}\p{Cs}\p{Co}\p{Z}/]+)*$/u;

const RULE = `1 to ${MOST_CHARACTERS} visible characters without "/"; blanks may stand singly between words`;

/** Reports steps whose keys could not be shown as names, and branches whose values would make such keys. */
export function checkStepKeys(flow: Flow, faults: DefinitionFaults): void {
  for (const step of flow.steps) {
    const name = step.key.slice(flow.prefix.length);
    if (!VISIBLE_WORDS.test(name) || step.key.length > MOST_CHARACTERS) {
      const fix = `Give it another name, with { key: … }, the key of flow.run or the name of the agent's field: ${RULE}.`;
      faults.add('invalid_key', `${describeName(name)} cannot be the name of a step.`, fix, describeKey(step.key));
    }
    for (const [value, branch] of listWiredBranches(step)) {
      if (!VISIBLE_WORDS.test(value)) {
        const problem = `its branch ${describeName(value)} cannot be a part of the names of steps.`;
        const fix = `Make another value of what decides, with ref.map(…): ${RULE}.`;
        faults.add('invalid_key', problem, fix, describeKey(step.key));
      }
      checkStepKeys(branch.flow, faults);
    }
  }
}

/** The message is one line, and shows what cannot be seen. */
function describeName(name: string): string {
  return escapeControls(describeValue(name));
}

function describeKey(key: string): string {
  return escapeControls(key.slice(0, MOST_CHARACTERS));
}
