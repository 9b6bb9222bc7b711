import { IsArray, IsInt, IsNumber, IsString } from 'class-validator';
import { JSONSchema } from 'class-validator-jsonschema';
import type { JsonObject } from '../../../kernel/index.js';
import { Nested, OrNull } from '../../../schema/index.js';

@JSONSchema({ description: 'A token that could have stood at this place.' })
class LikelyToken {
  @IsString()
  @JSONSchema({ description: 'The token.' })
  readonly token: string;

  @IsNumber()
  @JSONSchema({ description: 'Natural logarithm of its probability.' })
  readonly logprob: number;

  @OrNull()
  @IsArray()
  @IsInt({ each: true })
  @JSONSchema({ description: 'The token in bytes of UTF-8, or null.' })
  readonly bytes: readonly number[] | null;
}

@JSONSchema({ description: 'A token of the completion and its probability.' })
class TokenProbability extends LikelyToken {
  @IsArray()
  @Nested(() => LikelyToken, { each: true })
  @JSONSchema({ description: 'The likeliest tokens at this place.' })
  readonly top_logprobs: readonly LikelyToken[];
}

@JSONSchema({ description: 'Probabilities of the tokens of this piece of the completion.' })
export class ChoiceLogprobs {
  /** Passed through as the upstream sent them; {@link TokenProbability} follows OpenAI's specification. */
  @OrNull()
  @IsArray()
  @Nested(() => TokenProbability, { each: true })
  @JSONSchema({ description: 'Tokens of the content, or null.' })
  readonly content: readonly JsonObject[] | null;

  /** Passed through as well. */
  @OrNull()
  @IsArray()
  @Nested(() => TokenProbability, { each: true })
  @JSONSchema({ description: 'Tokens of the refusal, or null.' })
  readonly refusal: readonly JsonObject[] | null;
}
