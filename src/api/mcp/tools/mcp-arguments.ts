import { IsArray, IsOptional, IsString } from 'class-validator';
import { JSONSchema } from 'class-validator-jsonschema';
import type { Message } from '../../../models/index.js';
import { OneOf } from '../../../schema/index.js';
import { ChatParameters, MESSAGE_ROLES } from '../../wire/index.js';

/** The arguments of a tool that is a workflow, as a client sent them. */
export class McpArguments extends ChatParameters {
  @IsOptional()
  @IsString()
  @JSONSchema({ description: 'The message for the workflow: the last message of the user.' })
  readonly input?: string | null;

  @IsOptional()
  @IsArray()
  @OneOf('role', MESSAGE_ROLES, { each: true })
  @JSONSchema({ description: 'The conversation before the input, oldest message first.' })
  readonly messages?: readonly Message[] | null;
}
