/** The values of `$1`, `$2` and so on. */
export type PostgresValue = string | number | boolean | null | readonly (string | number | boolean | null)[];

/** A result row of a statement. Eight-byte integers come as text. */
export type PostgresRow = Readonly<Record<string, string | number | boolean | null>>;

/** One connection, for one piece of work. */
export interface PostgresSession {
  query(sql: string, values?: readonly PostgresValue[]): Promise<readonly PostgresRow[]>;
}
