import { type JsonObject, sha256 } from '../../kernel/index.js';
import type { CompiledWorkflow, RunRequest } from '../../workflow/index.js';
import type { QueuedAdmission, RunOrigin, RequestWatch } from '../run-options.js';
import type { NewLoggedRun, RequestIdentity } from '../store/logged-run.js';
import { hashWorkflow } from './resume-run.js';
import { writeSortedJson } from './sorted-json.js';

/** Priority of runs whose clients set none. */
export const USUAL_PRIORITY = 5;

/** A run that outlives its request. */
export interface RunToLog {
  /** Name of its door, which {@link LoggedRuns.addDoor} knows. */
  readonly door: string;
  /** Id under which clients know the run's segment; absent: the run's own. */
  readonly segment?: string;
  /** Id of its caller. */
  readonly owner: string;
  readonly workflow: CompiledWorkflow;
  readonly request: RunRequest;
  /** What its door needs in order to show it to clients, as JSON. */
  readonly head: string;
  /** Data that its door reads later, as plain JSON. Absent: none. */
  readonly memo?: unknown;
  /** Metadata of the client. Absent: none. */
  readonly metadata?: JsonObject;
  readonly origin: RunOrigin;
  /** True if clients may see what happens in the workflow. */
  readonly wantsContent: boolean;
  readonly admission: QueuedAdmission;
  /** The same key with an equal body returns the existing run. Absent: every request begins a new run. */
  readonly identity?: { readonly key: string; readonly body: unknown } | undefined;
  /** Earliest start, in milliseconds since the Unix epoch. Absent: now. */
  readonly runAt?: number | undefined;
  /** From 0 to 9; those with 9 come first. Absent: {@link USUAL_PRIORITY}. */
  readonly priority?: number | undefined;
  /** True if it ends when it has had no reader for a while. Absent: it runs to its end. */
  readonly endsWhenLeft?: boolean;
  /** Notified of the run while it is active in this process. Absent: no request waits for it. */
  readonly watch?: RequestWatch | undefined;
}

/** The stored part of a run's request, as JSON. */
export interface KeptRequest {
  readonly request: RunRequest;
  readonly memo: unknown;
  readonly origin: RunOrigin;
  readonly wantsContent: boolean;
  readonly endsWhenLeft: boolean;
  /** See {@link hashWorkflow}. */
  readonly workflowHash: string;
}

/** The stored part of a run's request, beside the facts in lists. */
export function makeKeptRequest(asked: RunToLog): Pick<NewLoggedRun, 'request' | 'segment'> {
  const { request, memo, origin, wantsContent, workflow, segment, endsWhenLeft = false } = asked;
  const kept: KeptRequest = {
    request,
    memo,
    origin,
    wantsContent,
    endsWhenLeft,
    workflowHash: hashWorkflow(workflow),
  };
  return { request: JSON.stringify(kept), segment };
}

/** Identifies repeated requests; undefined: every request is a new one. */
export function makeIdentity({ identity }: RunToLog): RequestIdentity | undefined {
  return identity && { key: identity.key, hash: sha256(writeSortedJson(identity.body)) };
}
