import { ArrayNotEmpty, IsArray, IsBoolean, IsIn, IsInt, IsObject, IsOptional, Max, Min } from 'class-validator';
import { JSONSchema } from 'class-validator-jsonschema';
import type { Message } from '../../../models/index.js';
import { OneOf, OrString } from '../../../schema/index.js';
import { ChatParameters, MESSAGE_ROLES, WorkflowModel } from '../../wire/index.js';

/** The last second of the year 9999. */
const LATEST = 253_402_300_799;

/** Body of a request for a run, as the client sent it. */
@JSONSchema({
  description:
    'A task for a workflow without a client that waits for it: exactly one of `messages` and `input`, and the parameters of ' +
    'a chat that the workflow takes. Null means "not given" for every optional parameter; nothing is converted; unknown ' +
    'parameters are accepted and reach the nodes.',
  example: { model: 'chat', input: 'Why is the sky blue?', metadata: { ticket: 'T-1' } },
})
export class CreateRunRequest extends ChatParameters {
  @WorkflowModel()
  readonly model: string;

  @IsOptional()
  @IsArray()
  @ArrayNotEmpty()
  @OneOf('role', MESSAGE_ROLES, { each: true })
  @JSONSchema({ description: 'The conversation so far, oldest message first.' })
  readonly messages?: readonly Message[] | null;

  @IsOptional()
  @OrString()
  @IsArray()
  @ArrayNotEmpty()
  @OneOf('role', MESSAGE_ROLES, { each: true })
  @JSONSchema({
    description: 'The same under another name; a string is one message of the user.',
    example: 'Why is the sky blue?',
  })
  readonly input?: string | readonly Message[] | null;

  @IsOptional()
  @IsInt()
  @Max(LATEST)
  @JSONSchema({ description: 'Earliest start of the run, in seconds since the Unix epoch; in the past: now.' })
  readonly run_at?: number | null;

  @IsOptional()
  @IsInt()
  @Min(0)
  @Max(9)
  @JSONSchema({ description: 'Runs with a higher number begin before others that wait.', default: 5 })
  readonly priority?: number | null;

  @IsOptional()
  @IsObject()
  @JSONSchema({
    description:
      'In development only: changes to agents in this run, by the keys of their steps: `instructions`, or `model` as `provider/model`. Refused where NODE_ENV is production.',
    example: { answer: { instructions: 'Answer in one line.' } },
    additionalProperties: true,
  })
  readonly overrides?: object | null;

  @IsOptional()
  @IsBoolean()
  @IsIn([false], {
    message: 'this request is not answered with a stream. Leave `stream` out, and read the events of the run.',
    context: { code: 'unsupported_value' },
  })
  @JSONSchema({ description: 'True is refused: the events of a run have an address of their own.', default: false })
  readonly stream?: false | null;
}
