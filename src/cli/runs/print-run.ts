import { escapeControls, type JsonObject } from '../../kernel/index.js';
import type { ServerEvent } from './runs-server.js';

/** Most characters of a value that shares a line with others. */
const LONGEST_CELL = 200;

/** The printed part of a run, as the server returns it. */
export interface ServerRun {
  readonly id: string;
  readonly status: string;
  readonly model: string;
  readonly created_at: number;
  readonly run_at: number;
  readonly started_at: number | null;
  readonly finished_at: number | null;
  readonly workflow_version: string | null;
  readonly attempts: number;
  readonly priority: number;
  readonly metadata: JsonObject;
  readonly usage: ServerUsage | null;
  readonly error: { readonly code: string | null; readonly message: string; readonly node?: string } | null;
  readonly output: string | null;
  readonly waits: readonly ServerWait[];
  readonly steps?: readonly ServerStep[];
}

interface ServerUsage {
  readonly prompt_tokens: number;
  readonly completion_tokens: number;
}

interface ServerWait {
  readonly name: string;
  readonly expires_at: number | null;
  readonly shown: unknown;
  readonly schema: unknown;
}

interface ServerStep {
  readonly node: string;
  readonly kind: string;
  readonly status: string;
  readonly attempt: number;
  readonly elapsed_ms: number | null;
  readonly usage: ServerUsage | null;
}

/** Writes runs as a table, one in a line. */
export function writeRuns(runs: readonly ServerRun[]): string {
  return writeTable([
    ['RUN', 'STATUS', 'MODEL', 'ASKED FOR', 'TOOK', 'ATTEMPTS', 'ERROR'],
    ...runs.map((run) => [
      run.id,
      run.status,
      run.model,
      writeTime(run.created_at),
      writeTaken(run),
      String(run.attempts),
      run.error === null ? '' : (run.error.code ?? run.error.message),
    ]),
  ]);
}

/** Writes all that is known of a run. */
export function writeRun(run: ServerRun): string {
  const { error, steps = [], waits, output, finished_at } = run;
  const facts = [
    ['run', run.id],
    ['status', run.status],
    ['model', run.workflow_version === null ? run.model : `${run.model} (${run.workflow_version})`],
    ['asked for', writeTime(run.created_at)],
    ...(run.run_at > run.created_at ? [['begins', writeTime(run.run_at)]] : []),
    ...(run.started_at === null ? [] : [['began', writeTime(run.started_at)]]),
    ...(finished_at === null ? [] : [['ended', `${writeTime(finished_at)} ${writeTaken(run)}`]]),
    ['attempts', String(run.attempts)],
    ['priority', String(run.priority)],
    ...(run.usage === null ? [] : [['tokens', writeUsage(run.usage)]]),
    ...(Object.keys(run.metadata).length === 0 ? [] : [['metadata', JSON.stringify(run.metadata)]]),
    ...(error === null ? [] : [['error', writeError(error)]]),
  ];
  const parts = [writeTable(facts)];
  if (steps.length > 0) {
    parts.push(
      writeTable([
        ['STEP', 'KIND', 'STATUS', 'ATTEMPT', 'TOOK', 'TOKENS'],
        ...steps.map(({ node, kind, status, attempt, elapsed_ms, usage }) => [
          node,
          kind,
          status,
          String(attempt),
          elapsed_ms === null ? '' : writeDuration(elapsed_ms),
          usage === null ? '' : writeUsage(usage),
        ]),
      ]),
    );
  }
  for (const { name, expires_at, shown, schema } of waits) {
    parts.push(
      writeTable([
        ['waits for', name],
        ...(expires_at === null ? [] : [['until', writeTime(expires_at)]]),
        ['answer', JSON.stringify(schema)],
        ['by', `millrace runs answer ${run.id} ${name} '<json>'`],
      ]),
      `${writeLines(typeof shown === 'string' ? shown : JSON.stringify(shown, undefined, 2))}\n`,
    );
  }
  if (output !== null && output !== '') parts.push(`${writeLines(output.trimEnd())}\n`);
  return parts.join('\n');
}

/** Writes one event in a line. */
export function writeEvent({ type, n, at, node, delta, ...rest }: ServerEvent): string {
  const more = Object.keys(rest).length === 0 ? [] : [JSON.stringify(rest)];
  const words = [
    type,
    ...(typeof node === 'string' ? [node] : []),
    ...(delta === undefined ? [] : [JSON.stringify(delta)]),
  ];
  const time = new Date(at).toISOString().slice(11, -1);
  return `${String(n).padStart(5)}  ${time}  ${cut([...words, ...more].join(' '))}\n`;
}

function writeLines(text: string): string {
  return text.split('\n').map(escapeControls).join('\n');
}

function writeError({ code, message, node }: NonNullable<ServerRun['error']>): string {
  return `${code === null ? '' : `${code}: `}${message}${node === undefined ? '' : ` (in ${node})`}`;
}

function writeUsage({ prompt_tokens, completion_tokens }: ServerUsage): string {
  return `${prompt_tokens} + ${completion_tokens}`;
}

function writeTaken({ started_at, finished_at }: ServerRun): string {
  return started_at === null || finished_at === null ? '' : writeDuration((finished_at - started_at) * 1_000);
}

/** @param seconds since the Unix epoch */
function writeTime(seconds: number): string {
  return new Date(seconds * 1_000).toISOString().replace('T', ' ').replace('.000', '');
}

function writeDuration(ms: number): string {
  if (ms < 10_000) return `${(ms / 1_000).toFixed(1)}s`;
  const s = Math.round(ms / 1_000);
  if (s < 120) return `${s}s`;
  return s < 7_200 ? `${Math.floor(s / 60)}m ${s % 60}s` : `${Math.floor(s / 3_600)}h ${Math.floor((s % 3_600) / 60)}m`;
}

/** Writes rows in columns. Text of servers, models and clients must not control the terminal. */
function writeTable(rows: readonly (readonly string[])[]): string {
  const cells = rows.map((row) => row.map((cell) => cut(cell)));
  const widths = (cells[0] ?? []).map((_, column) => Math.max(...cells.map((row) => row[column]?.length ?? 0)));
  return cells
    .map(
      (row) =>
        `${row
          .map((cell, i) => cell.padEnd(widths[i] ?? 0))
          .join('  ')
          .trimEnd()}\n`,
    )
    .join('');
}

function cut(text: string): string {
  const line = escapeControls(text);
  return line.length <= LONGEST_CELL ? line : `${line.slice(0, LONGEST_CELL - 1)}…`;
}
