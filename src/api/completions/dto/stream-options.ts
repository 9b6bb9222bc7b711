import { IsBoolean, IsOptional } from 'class-validator';
import { JSONSchema } from 'class-validator-jsonschema';

@JSONSchema({ description: 'Options of a streamed response. Other options are accepted and have no effect.' })
export class StreamOptions {
  @IsOptional()
  @IsBoolean()
  @JSONSchema({
    description:
      'Sends one more chunk before `[DONE]`, with empty `choices` and the token counts of the whole request in `usage`.',
    default: false,
  })
  readonly include_usage?: boolean | null;

  @IsOptional()
  @IsBoolean()
  @JSONSchema({ description: 'Accepted; this server never pads its chunks.' })
  readonly include_obfuscation?: boolean | null;
}
