import { IsBoolean, IsOptional, IsString } from 'class-validator';
import { agent, type ChatRefs, Describe, type Flow, Workflow } from 'millrace';

/** The decision about a draft. */
export class Verdict {
  @IsBoolean()
  @Describe('Whether the draft may go out')
  readonly approved: boolean;

  @IsOptional()
  @IsString()
  @Describe('What should change, or why it is refused')
  readonly comment?: string;
}

/** What the last step knows. */
interface Reviewed {
  readonly draft: string;
  readonly verdict: Verdict;
}

/** How long a draft waits: three days, or what the environment says. */
const { APPROVAL_TIMEOUT_MS = 3 * 24 * 60 * 60 * 1_000 } = process.env;

/** A draft streams, a person approves or refuses it within three days, and the last step knows both. */
@Workflow({ id: 'approval', description: 'Drafts an announcement, waits until somebody has approved it, and closes' })
export class ApprovalWorkflow {
  readonly draft = agent({ instructions: 'Draft a short announcement of what the user tells you.' });
  readonly close = agent({
    instructions: ({ draft, verdict: { approved, comment = 'none' } }: Reviewed) =>
      approved
        ? `Thank for the approval of this announcement, and say that it goes out now.\n\n${draft}`
        : `Write this announcement anew, with respect to the comment.\n\nComment: ${comment}\n\n${draft}`,
  });

  define(flow: Flow, { messages }: ChatRefs) {
    const draft = flow.stream(this.draft, { messages });
    const verdict = flow.interrupt('approve', { draft }, Verdict, { timeout: `${APPROVAL_TIMEOUT_MS}ms` });
    return flow.stream(this.close, { messages, draft, verdict });
  }
}
