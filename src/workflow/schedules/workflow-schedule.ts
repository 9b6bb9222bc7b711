import type { JsonObject } from '../../kernel/index.js';
import type { Message } from '../../models/index.js';

/** The input of a schedule's runs: a text of the user, or a whole conversation. */
type ScheduledConversation =
  | { readonly input: string; readonly messages?: never }
  | { readonly messages: readonly Message[]; readonly input?: never };

/** A workflow that runs again and again by itself. */
export type WorkflowSchedule = ScheduledConversation & {
  /** Tells the schedules of one workflow apart: 1 to 64 letters, digits and `- _ .`. */
  readonly name: string;
  /** Five fields of cron, such as `30 7 * * MON-FRI`: minute, hour, day of the month, month, day of the week. */
  readonly pattern: string;
  /** The time zone of the pattern, such as `Europe/Berlin`. Absent: UTC. */
  readonly timezone?: string;
  /** Parameters of the request, such as `temperature`. */
  readonly parameters?: JsonObject;
  /** The `metadata` of its runs, beside `schedule` and `scheduled_at`. */
  readonly metadata?: JsonObject;
  /** From 0 to 9; runs with 9 begin first. Absent: 5. */
  readonly priority?: number;
};
