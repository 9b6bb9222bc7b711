import { Injectable } from '@nestjs/common';
import { Node } from '../../nodes/index.js';
import type { Decision } from './decide.node.js';

const NOTICES: Record<Exclude<Decision, 'reply'>, string> = {
  close: 'This message was closed without an answer.',
  escalate: 'Thank you. A colleague will look into this personally and write to you today.',
  invoice: 'Thank you. Your invoice question went to our accounting; they answer within two working days.',
};

/** Tells the customer what happens next where no model needs to write. (Here your ticket system would be called.) */
@Injectable()
export class NoticeNode extends Node<{ decision: Exclude<Decision, 'reply'> }, string> {
  process({ decision }: { decision: Exclude<Decision, 'reply'> }): string {
    return NOTICES[decision];
  }
}
