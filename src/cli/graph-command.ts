import { type CompiledWorkflow, makeGraphJson, drawMermaid, drawSvg } from '../workflow/index.js';
import { type CliEnvironment, EXIT, type ExitCode } from './cli-environment.js';
import { UsageError } from './cli-error.js';
import { useApplication, findWorkflow } from './use-application.js';

const FORMATS = new Map<string, (workflow: CompiledWorkflow) => Promise<string>>([
  ['mermaid', (workflow) => Promise.resolve(drawMermaid(workflow))],
  ['svg', drawSvg],
  ['json', (workflow) => Promise.resolve(`${JSON.stringify(makeGraphJson(workflow), undefined, 2)}\n`)],
]);

/** Prints the graph of a workflow. */
export async function showGraph(
  id: string,
  { format, app }: { readonly format: string; readonly app: string | undefined },
  environment: CliEnvironment,
): Promise<ExitCode> {
  const draw = FORMATS.get(format);
  if (draw === undefined) throw new UsageError(`The format "${format}" is none of ${[...FORMATS.keys()].join(', ')}.`);
  return useApplication(environment, app, async (application) => {
    environment.process.stdout.write(await draw(findWorkflow(application, id)));
    return EXIT.done;
  });
}
