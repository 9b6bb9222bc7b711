import { describe, expect, it } from '@jest/globals';
import { findNextSlot } from './schedule-slots.js';

/** Lists the next times of a schedule, as many as `count`: each is found from the one before. */
async function list(pattern: string, timezone: string, from: string, count: number): Promise<readonly string[]> {
  const slots: string[] = [];
  for (let after = Date.parse(from); slots.length < count;) {
    after = await findNextSlot({ pattern, timezone }, after);
    slots.push(new Date(after).toISOString().replace('.000Z', 'Z'));
  }
  return slots;
}

describe('findNextSlot', () => {
  it('fires once, an hour later, for a time that clocks skip', async () => {
    expect(await list('30 2 * * *', 'Europe/Berlin', '2027-03-27T00:00:00Z', 3)).toEqual([
      '2027-03-27T01:30:00Z',
      '2027-03-28T01:30:00Z',
      '2027-03-29T00:30:00Z',
    ]);
  });

  it('fires once for a time that occurs twice, and every half hour for a half-hourly pattern', async () => {
    expect(await list('30 2 * * *', 'Europe/Berlin', '2027-10-30T00:00:00Z', 3)).toEqual([
      '2027-10-30T00:30:00Z',
      '2027-10-31T00:30:00Z',
      '2027-11-01T01:30:00Z',
    ]);
    expect(await list('*/30 * * * *', 'Europe/Berlin', '2027-10-31T00:00:00Z', 4)).toEqual([
      '2027-10-31T00:30:00Z',
      '2027-10-31T01:00:00Z',
      '2027-10-31T01:30:00Z',
      '2027-10-31T02:00:00Z',
    ]);
  });

  it.each([
    ['* * * *', 'UTC', 'pattern'],
    ['0 0 * * * *', 'UTC', 'pattern'],
    ['@daily', 'UTC', 'pattern'],
    ['H * * * *', 'UTC', 'pattern'],
    ['61 * * * *', 'UTC', 'pattern'],
    ['0 0 30 2 *', 'UTC', 'pattern'],
    ['0 0 * * *', 'Mars/Olympus', 'timezone'],
  ])('refuses %s in %s', async (pattern, timezone, field) => {
    await expect(findNextSlot({ pattern, timezone }, 0)).rejects.toMatchObject({ name: 'ScheduleTimesError', field });
  });
});
