import type { Clock } from '../../../kernel/index.js';
import {
  type DocumentLimits,
  DocumentStore,
  KEPT_SHARE,
  type PutVerdict,
  type StoredDocument,
} from '../document-store.js';
import type { PostgresDatabase } from './postgres-database.js';

const FIND = 'select json from millrace.documents where id = $1 and owner = $2 and expires > $3::bigint';

const FIND_PARTS = `select part.id, part.json from millrace.document_parts part join millrace.documents whole on whole.id = part.document
    where part.id = any($1::text[]) and part.owner = $2 and whole.expires > $3::bigint`;

const REMOVE = 'delete from millrace.documents where id = $1 and owner = $2 returning expires > $3::bigint as lived';

/** True if an attempt may still end its run. The lock keeps others from starting or ending the run until the commit. */
const HOLD_ATTEMPT = 'select 1 from millrace.runs where id = $1 and epoch = $2::int and finished is null for share';

/** The owner's totals are checked first: below the limits, no document is read. */
const MAKE_ROOM = `
  delete from millrace.documents where id in (
    select id from (
      select id, count(*) over newest as place, sum(documents.length) over newest as total
      from millrace.documents
      where owner = (select owner from millrace.document_owners where owner = $1 and (count > $2::int or length > $3::bigint))
      window newest as (order by created desc, id desc)
    ) as listed where place > $4::float8 or total > $5::float8
  )`;

/** Documents in a PostgreSQL database. */
export class PostgresDocuments extends DocumentStore {
  override readonly isOn = true;

  constructor(
    private readonly database: PostgresDatabase,
    private readonly clock: Clock,
    private readonly limits: DocumentLimits,
  ) {
    super();
  }

  override get canKeep(): boolean {
    return this.database.isUp;
  }

  protected override async write({ id, owner, createdAt, json, parts, attempt }: StoredDocument): Promise<PutVerdict> {
    const { ttlMs, mostOfOwner, mostLengthOfOwner } = this.limits;
    const length = json.length + parts.reduce((sum, part) => sum + part.json.length, 0);
    if (length > mostLengthOfOwner * KEPT_SHARE) return 'refused';
    return this.database.transact(async (session) => {
      if (attempt !== undefined) {
        const held = await session.query(HOLD_ATTEMPT, [attempt.id, attempt.epoch]);
        if (held.length === 0) return 'overtaken';
      }
      await session.query('delete from millrace.documents where id = $1 and owner = $2', [id, owner]);
      await session.query('insert into millrace.documents values ($1, $2, $3, $4, $5, $6)', [
        id,
        owner,
        createdAt,
        createdAt + ttlMs,
        length,
        json,
      ]);
      if (parts.length > 0) {
        await session.query(
          'insert into millrace.document_parts select part.id, $1, $2, part.json from unnest($3::text[], $4::text[]) as part (id, json)',
          [id, owner, parts.map((part) => part.id), parts.map((part) => part.json)],
        );
      }
      const most = [mostOfOwner, mostLengthOfOwner, mostOfOwner * KEPT_SHARE, mostLengthOfOwner * KEPT_SHARE];
      await session.query(MAKE_ROOM, [owner, ...most]);
      return 'kept';
    });
  }

  override async find(id: string, owner: string): Promise<Pick<StoredDocument, 'json'> | undefined> {
    const [row] = await this.database.query(FIND, [id, owner, this.clock.now()]);
    return row && { json: String(row['json']) };
  }

  override async findParts(ids: readonly string[], owner: string): Promise<ReadonlyMap<string, string>> {
    const rows = await this.database.query(FIND_PARTS, [ids, owner, this.clock.now()]);
    return new Map(rows.map(({ id, json }) => [String(id), String(json)]));
  }

  override async remove(id: string, owner: string): Promise<boolean> {
    const [row] = await this.database.query(REMOVE, [id, owner, this.clock.now()]);
    return row?.['lived'] === true;
  }
}
