import { Injectable } from '@nestjs/common';
import type { JsonObject } from '../../../kernel/index.js';
import { ResponseState } from './response-state.js';

/** Of a server that stores no responses. */
@Injectable()
export class NoResponseState extends ResponseState {
  override readonly isKept = false;

  override find(): Promise<undefined> {
    return Promise.resolve(undefined);
  }

  override findItems(): Promise<ReadonlyMap<string, JsonObject>> {
    return Promise.resolve(new Map());
  }

  override keep(): Promise<never> {
    return Promise.reject(new Error('This server stores no responses.'));
  }
}
