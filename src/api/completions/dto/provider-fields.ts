import { applyDecorators } from '@nestjs/common';
import { IsOptional, IsString } from 'class-validator';
import { JSONSchema } from 'class-validator-jsonschema';

/** `system_fingerprint` of a completion or a chunk. */
export function SystemFingerprint(): PropertyDecorator {
  return applyDecorators(
    JSONSchema({ description: "The provider's word for its configuration, or null." }),
    IsString(),
    IsOptional(),
  );
}

/** `service_tier` of a completion or a chunk. */
export function ServiceTier(): PropertyDecorator {
  return applyDecorators(
    JSONSchema({ description: 'The tier that the provider used, or null.' }),
    IsString(),
    IsOptional(),
  );
}
