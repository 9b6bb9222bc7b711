import { type JsonObject, sha256 } from '../../kernel/index.js';
import type { CompiledWorkflow, RunRequest } from '../../workflow/index.js';
import type { QueuedPermit, RunOrigin, RunRecord } from '../run-options.js';
import type { NewLoggedRun, RequestIdentity } from '../store/logged-run.js';
import { hashWorkflow } from './resume-run.js';
import { writeSortedJson } from './sorted-json.js';

/** Of runs whose clients say nothing. */
export const USUAL_PRIORITY = 5;

/** A run that is to outlive its request. */
export interface RunToLog {
  /** Name of its door, which {@link LoggedRuns.addDoor} knows. */
  readonly door: string;
  /** Id by which clients know what the run gives; absent: the run's own. */
  readonly segment?: string;
  /** Id of its caller. */
  readonly owner: string;
  readonly workflow: CompiledWorkflow;
  readonly request: RunRequest;
  /** What its door needs to tell it to clients, as JSON. */
  readonly head: string;
  /** What its door wants to have back later, as JSON can hold it. Absent: nothing. */
  readonly memo?: unknown;
  /** What its client wants to find again with it. Absent: nothing. */
  readonly metadata?: JsonObject;
  readonly origin: RunOrigin;
  /** True if clients are to be told what happens in the workflow. */
  readonly wantsContent: boolean;
  readonly permit: QueuedPermit;
  /** The same key with an equal body names the run that is there. Absent: each request is another one. */
  readonly identity?: { readonly key: string; readonly body: unknown };
  /** When it is to begin at the earliest, in milliseconds since the Unix epoch. Absent: now. */
  readonly runAt?: number;
  /** From 0 to 9; those with 9 come first. Absent: {@link USUAL_PRIORITY}. */
  readonly priority?: number;
  /** True if it is to end when nobody has read it for a while. Absent: it goes on to its end. */
  readonly endsWhenLeft?: boolean;
  /** Told how the run went, as long as it is at work in this process. Absent: there is no request that wants to know. */
  readonly record?: RunRecord;
}

/** What is kept of what a run is asked, as JSON. */
export interface KeptRequest {
  readonly request: RunRequest;
  readonly memo: unknown;
  readonly origin: RunOrigin;
  readonly wantsContent: boolean;
  readonly endsWhenLeft: boolean;
  /** See {@link hashWorkflow}. */
  readonly workflowHash: string;
}

/** What is kept of what a run is asked, beside the facts that lists tell. */
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

/** What makes a repeated request the same; undefined: each is another one. */
export function makeIdentity({ identity }: RunToLog): RequestIdentity | undefined {
  return identity && { key: identity.key, hash: sha256(writeSortedJson(identity.body)) };
}
