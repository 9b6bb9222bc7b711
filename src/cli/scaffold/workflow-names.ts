import { UsageError } from '../cli-error.js';

/** What a new workflow is called. */
export interface WorkflowNames {
  /** The id, and the name of the folder: `my-flow`. */
  readonly id: string;
  /** `My flow`, for descriptions. */
  readonly title: string;
  /** `MyFlowWorkflow`. */
  readonly workflow: string;
}

const VALID_ID = /^[a-z][a-z0-9]*(?:-[a-z0-9]+)*$/;
const MAX_LENGTH = 64;
/** https://learn.microsoft.com/windows/win32/fileio/naming-a-file */
const WINDOWS_DEVICE = /^(?:con|prn|aux|nul|(?:com|lpt)[0-9])$/;

/**
 * Makes the names of a workflow from its id.
 * @throws UsageError if the id cannot be the name of a folder and of classes
 */
export function makeWorkflowNames(id: string): WorkflowNames {
  if (!VALID_ID.test(id) || id.length > MAX_LENGTH) {
    throw new UsageError(
      `"${id}" cannot be the name of a new workflow. Use up to ${MAX_LENGTH} lower-case letters and digits, with single hyphens between words: my-flow.`,
    );
  }
  if (WINDOWS_DEVICE.test(id)) {
    throw new UsageError(
      `"${id}" cannot be the name of a new workflow: Windows keeps it for a device, and could not check out the folder.`,
    );
  }
  const words = id.split('-');
  const stem = words.map(capitalize).join('');
  return { id, title: capitalize(words.join(' ')), workflow: `${stem}Workflow` };
}

function capitalize(word: string): string {
  return word.charAt(0).toUpperCase() + word.slice(1);
}
