import { IsBoolean, IsOptional } from 'class-validator';
import { JSONSchema } from 'class-validator-jsonschema';
import { InvalidRequestError } from '../../../errors/index.js';
import { isPresent } from '../../../kernel/index.js';

@JSONSchema({ description: 'Options of a streamed response. Other options are accepted and have no effect.' })
export class ChatCompletionStreamOptions {
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

/**
 * Refuses `stream_options` if the response is not a stream, as api.openai.com does. It is separate from the other rules because a
 * workflow may stream by default.
 *
 * @param streams whether the response is a stream
 * @throws InvalidRequestError with `param` `stream_options`.
 */
export function assertStreamOptionsAllowed(
  request: { readonly stream_options?: ChatCompletionStreamOptions | null },
  streams: boolean,
): void {
  if (streams || !isPresent(request.stream_options)) return;
  throw new InvalidRequestError(
    "Invalid value for 'stream_options': 'stream_options' is only allowed when 'stream' is true.",
    { param: 'stream_options', code: 'invalid_value' },
  );
}
