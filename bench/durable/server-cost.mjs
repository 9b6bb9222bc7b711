import { readFileSync, readdirSync } from 'node:fs';

/**
 * Ticks of 10 ms that all processes of a PostgreSQL server on this machine have used, including those that have ended.
 * @param {import('pg').ClientBase} client connected to it
 * @returns {Promise<number>}
 */
export async function readServerTicks(client) {
  const { rows } = await client.query('select pg_backend_pid() as pid');
  const parent = readStat(rows[0].pid)?.parent;
  let ticks = 0;
  for (const name of readdirSync('/proc')) {
    const stat = /^\d+$/.test(name) ? readStat(name) : undefined;
    if (stat !== undefined && (stat.parent === parent || Number(name) === parent)) ticks += stat.ticks;
  }
  return ticks;
}

function readStat(pid) {
  try {
    const stat = readFileSync(`/proc/${pid}/stat`, 'utf8');
    // The name in the second field may hold spaces.
    const fields = stat.slice(stat.lastIndexOf(')') + 2).split(' ');
    const sum = (from, to) => fields.slice(from, to).reduce((all, field) => all + Number(field), 0);
    return { parent: Number(fields[1]), ticks: sum(11, 15) };
  } catch {
    return undefined;
  }
}
