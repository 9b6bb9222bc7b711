import { expect } from '@jest/globals';
import type { Type } from '@nestjs/common';
import { DefinitionError } from '../../src/errors/index.js';
import { Bench } from './app.js';
import { catchRejection } from './rejection.js';

/** The reasons for which an application with these modules does not start. */
export async function catchDefinitionError(...imports: Type<unknown>[]): Promise<DefinitionError> {
  const failure = await catchRejection(Bench.start({ imports }).then((started) => started.close()));
  expect(failure).toBeInstanceOf(DefinitionError);
  return failure as DefinitionError;
}
