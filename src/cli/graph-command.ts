import { type CompiledWorkflow, graphJsonOf, mermaidOf, svgOf } from '../workflow/index.js';
import { type CliEnvironment, EXIT, type ExitCode } from './cli-environment.js';
import { UsageError } from './cli-error.js';
import { withApplication, workflowOf } from './with-workflows.js';

const FORMATS = new Map<string, (workflow: CompiledWorkflow) => string | Promise<string>>([
  ['mermaid', mermaidOf],
  ['svg', svgOf],
  ['json', (workflow) => `${JSON.stringify(graphJsonOf(workflow), undefined, 2)}\n`],
]);

/** Prints the graph of a workflow. */
export async function showGraph(id: string, format: string, environment: CliEnvironment): Promise<ExitCode> {
  const draw = FORMATS.get(format);
  if (draw === undefined) throw new UsageError(`The format "${format}" is none of ${[...FORMATS.keys()].join(', ')}.`);
  return withApplication(environment, async (application) => {
    environment.process.stdout.write(await draw(workflowOf(application, id)));
    return EXIT.done;
  });
}
