import { Type } from 'class-transformer';
import {
  IsArray,
  IsBoolean,
  IsInt,
  IsObject,
  IsString,
  Matches,
  Min,
  ValidateBy,
  ValidateIf,
  ValidateNested,
} from 'class-validator';
import { parseExpiry } from './expiry.js';

const COUNT = { message: '$property must be a whole number, 0 for no limit' };

/**
 * Unlike IsOptional, it does not accept null: a field without a value (`workflows:`) must not count as absent, which for
 * `workflows` and `expires` would mean no restriction at all.
 */
function MayBeAbsent(): PropertyDecorator {
  return ValidateIf((_, value) => value !== undefined);
}

/** Limits of one key. An absent limit is that of all keys; 0 is no limit. */
class KeyLimits {
  @MayBeAbsent()
  @IsInt(COUNT)
  @Min(0, COUNT)
  requestsPerMinute?: number;

  @MayBeAbsent()
  @IsInt(COUNT)
  @Min(0, COUNT)
  tokensPerMinute?: number;

  @MayBeAbsent()
  @IsInt(COUNT)
  @Min(0, COUNT)
  concurrentStreams?: number;
}

/** One entry of the key file. */
export class KeyEntry {
  /** For logs, limits and messages. */
  @Matches(/^[\w.@-]{1,64}$/, { message: 'name must consist of 1 to 64 letters, digits and . @ _ -' })
  name: string;

  /** SHA-256 of the key; `npm run workflow -- key create` prints it. */
  @Matches(/^sha256:[0-9a-f]{64}$/, { message: 'hash must be sha256: and 64 lower-case hex digits' })
  hash: string;

  /** Ids of workflows, in which `*` stands for any characters. Absent: all. */
  @MayBeAbsent()
  @Matches(/\S/, { each: true, message: 'workflows must hold no empty id' })
  @IsArray({ message: 'workflows must be a list of ids, in which * stands for any characters' })
  @IsString({ each: true, message: 'workflows must be a list of ids, in which * stands for any characters' })
  workflows?: string[];

  @MayBeAbsent()
  @IsObject({ message: 'limits must be a map of requestsPerMinute, tokensPerMinute and concurrentStreams' })
  @ValidateNested()
  @Type(() => KeyLimits)
  limits?: KeyLimits;

  /** If true, the key is refused. */
  @MayBeAbsent()
  @IsBoolean({ message: 'disabled must be true or false' })
  disabled?: boolean;

  /** If true, its holder may look inside the runs of this key, whatever `RUNS_INSPECT` says. */
  @MayBeAbsent()
  @IsBoolean({ message: 'inspect must be true or false' })
  inspect?: boolean;

  /** When the key expires: a date, or a date and a time, as {@link parseExpiry} reads it. */
  @MayBeAbsent()
  @ValidateBy(
    {
      name: 'expiry',
      validator: { validate: (value) => typeof value === 'string' && parseExpiry(value) !== undefined },
    },
    { message: 'expires must be a date such as 2027-01-31, or a time such as 2027-01-31T18:00:00+01:00' },
  )
  expires?: string;
}
