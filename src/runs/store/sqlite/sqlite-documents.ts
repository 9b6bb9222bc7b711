import type { Clock } from '../../../kernel/index.js';
import { type DocumentLimits, KEPT_SHARE, type PutVerdict, type StoredDocument } from '../document-store.js';
import type { SqliteThread, SqlStep, SqlValue } from './sqlite-thread.js';

/** Most expired documents removed at once. */
const SWEPT_AT_ONCE = 1_000;

/** True if an attempt may still end its run. */
const IS_AT_WORK = 'exists (select 1 from runs where id = ? and epoch = ? and finished is null)';

/** Documents in a SQLite database. */
export class SqliteDocuments {
  constructor(
    private readonly thread: SqliteThread,
    private readonly clock: Clock,
    private readonly limits: DocumentLimits,
  ) {}

  async put({ id, owner, createdAt, json, parts, attempt }: StoredDocument): Promise<PutVerdict> {
    const { ttlMs, mostOfOwner, mostLengthOfOwner } = this.limits;
    const length = json.length + parts.reduce((sum, part) => sum + part.json.length, 0);
    if (length > mostLengthOfOwner * KEPT_SHARE) return 'refused';
    const where = attempt === undefined ? 'true' : IS_AT_WORK;
    const run: readonly SqlValue[] = attempt === undefined ? [] : [attempt.id, attempt.epoch];
    const [found] = await this.thread.transact([
      [`select 1 where ${where}`, run],
      [`delete from documents where id = ? and owner = ? and ${where}`, [id, owner, ...run]],
      [
        `insert into documents select ?, ?, ?, ?, ?, ? where ${where}`,
        [id, owner, createdAt, createdAt + ttlMs, length, json, ...run],
      ],
      ...parts.map((part): SqlStep => [
        `insert into document_parts select ?, ?, ?, ? where ${where}`,
        [part.id, id, owner, part.json, ...run],
      ]),
      [
        // The owner's totals are checked first: below the limits, no document is read.
        `delete from documents where id in (
           select id from (
             select id, count(*) over newest as place, sum(documents.length) over newest as total
             from document_owners cross join documents using (owner)
             where owner = ?1 and (document_owners.count > ?2 or document_owners.length > ?3)
             window newest as (order by created desc, id desc)
           ) where place > ?4 or total > ?5
         )`,
        [owner, mostOfOwner, mostLengthOfOwner, mostOfOwner * KEPT_SHARE, mostLengthOfOwner * KEPT_SHARE],
      ],
    ]);
    return found?.length === 0 ? 'overtaken' : 'kept';
  }

  async find(id: string, owner: string): Promise<Pick<StoredDocument, 'json'> | undefined> {
    const [rows] = await this.thread.transact([
      ['select json from documents where id = ? and owner = ? and expires > ?', [id, owner, this.clock.now()]],
    ]);
    const json = rows?.[0]?.['json'];
    return typeof json === 'string' ? { json } : undefined;
  }

  async findParts(ids: readonly string[], owner: string): Promise<ReadonlyMap<string, string>> {
    const [rows = []] = await this.thread.transact([
      [
        `select part.id, part.json from document_parts part join documents whole on whole.id = part.document
         where part.id in (select value from json_each(?)) and part.owner = ? and whole.expires > ?`,
        [JSON.stringify(ids), owner, this.clock.now()],
      ],
    ]);
    return new Map(rows.map(({ id, json }) => [String(id), String(json)]));
  }

  async remove(id: string, owner: string): Promise<boolean> {
    const [rows] = await this.thread.transact([
      [
        'delete from documents where id = ? and owner = ? returning expires > ? as lived',
        [id, owner, this.clock.now()],
      ],
    ]);
    return rows?.[0]?.['lived'] === 1;
  }

  /** Removes what has expired. */
  async sweep(): Promise<void> {
    for (;;) {
      const [removed] = await this.thread.transact([
        [
          'delete from documents where id in (select id from documents where expires <= ? limit ?) returning id',
          [this.clock.now(), SWEPT_AT_ONCE],
        ],
      ]);
      if (removed === undefined || removed.length < SWEPT_AT_ONCE) return;
    }
  }
}
