import { Injectable } from '@nestjs/common';
import { IdSource } from '../kernel/index.js';

/** This process, among all that work on runs. */
@Injectable()
export class RunWorker {
  /** Another one after each start. */
  readonly id: string;

  constructor(ids: IdSource) {
    this.id = ids.replicaId();
  }
}
