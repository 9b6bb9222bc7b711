import { Injectable } from '@nestjs/common';
import { IdSource } from '../kernel/index.js';

/** Identifies this process among all that execute runs. */
@Injectable()
export class RunWorker {
  /** A new id after each start. */
  readonly id: string;

  constructor(ids: IdSource) {
    this.id = ids.replicaId();
  }
}
