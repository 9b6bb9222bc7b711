import { Injectable } from '@nestjs/common';
import type { Caller } from '../../../access/index.js';
import { Clock, isJsonObject, type JsonObject } from '../../../kernel/index.js';
import { DocumentStore, Inspections } from '../../../runs/index.js';
import { ResponseLog } from '../logged/response-log.service.js';
import { type FinishedResponse, ResponseState, type StoredResponse } from './response-state.js';

/** Ended responses in the server's store: one document for each, whose parts are the items of its output. */
@Injectable()
export class StoredResponseState extends ResponseState {
  constructor(
    private readonly store: DocumentStore,
    private readonly clock: Clock,
    private readonly log: ResponseLog,
    private readonly inspections: Inspections,
  ) {
    super();
  }

  override get isOn(): boolean {
    return this.store.isOn;
  }

  override get isKept(): boolean {
    return this.store.canKeep;
  }

  override async find(id: string, owner: Caller): Promise<StoredResponse | undefined> {
    const document = await this.store.find(id, owner.id);
    if (document === undefined) return this.log.find(id, owner);
    const stored = JSON.parse(document.json) as StoredResponse;
    // The end of a response is stored before the last event of its run, which brings the calls that wait for answers: a client that
    // polls would be refused if it answered in between.
    const active = stored.response['background'] === true ? await this.log.findActive(id, owner) : undefined;
    return active ?? stored;
  }

  override async findItems(ids: readonly string[], owner: Caller): Promise<ReadonlyMap<string, JsonObject>> {
    const parts = await this.store.findParts(ids, owner.id);
    return new Map([...parts].map(([id, json]) => [id, JSON.parse(json) as JsonObject]));
  }

  override async keep({ response, context, owner, attempt }: FinishedResponse): Promise<void> {
    const { id, output } = response;
    const items = Array.isArray(output) ? output.filter(isJsonObject) : [];
    const verdict = await this.store.put({
      kind: 'response',
      id: String(id),
      owner: owner.id,
      createdAt: this.clock.now(),
      json: JSON.stringify({ response, context } satisfies StoredResponse),
      parts: items.map((item) => ({ id: String(item['id']), json: JSON.stringify(item) })),
      ...(attempt !== undefined && { attempt }),
    });
    if (verdict === 'refused')
      throw new Error('The response and its conversation are larger than the limit for one caller.');
  }

  override async remove(id: string, owner: Caller): Promise<boolean> {
    const isStored = (await this.store.find(id, owner.id)) !== undefined;
    const wasLogged = await this.log.remove(id, owner, isStored);
    if (isStored && !wasLogged) await this.inspections.remove(id, owner.id);
    return (await this.store.remove(id, owner.id)) || wasLogged;
  }
}
