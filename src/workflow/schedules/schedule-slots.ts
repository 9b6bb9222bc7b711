/** The times of something that repeats. */
export interface ScheduleTimes {
  /** Five fields of cron: minute, hour, day of the month, month, day of the week. */
  readonly pattern: string;
  /** Where these are the time of day, such as `Europe/Berlin`. */
  readonly timezone: string;
}

/** What is wrong with the times of a schedule. */
export class ScheduleTimesError extends Error {
  override readonly name = 'ScheduleTimesError';

  /** @param field the field that must be corrected */
  constructor(
    readonly field: keyof ScheduleTimes,
    message: string,
  ) {
    super(message);
  }
}

/** A place that the library fills with a random number, a different one in each process. */
const RANDOM_FIELD = /(?:^|[\s,/])H/i;

/**
 * The first time of a schedule after another time. Where clocks are put forward, a time that does not exist is an hour later; where they are
 * put back, a time that comes twice counts once.
 * @param after milliseconds since the Unix epoch
 * @throws ScheduleTimesError if the pattern or the time zone is invalid, or no such time ever comes
 */
export async function findNextSlot({ pattern, timezone }: ScheduleTimes, after: number): Promise<number> {
  assertTimezone(timezone);
  if (pattern.trim().split(/\s+/).length !== 5 || RANDOM_FIELD.test(pattern)) {
    throw new ScheduleTimesError(
      'pattern',
      `"${pattern}" does not have the five fields of cron, such as "30 7 * * MON-FRI"`,
    );
  }
  // Loaded only if there is a schedule.
  const { CronExpressionParser } = await import('cron-parser');
  try {
    return CronExpressionParser.parse(pattern, { tz: timezone, currentDate: new Date(after) })
      .next()
      .getTime();
  } catch (error) {
    const reason = error instanceof Error ? error.message : 'it cannot be read';
    throw new ScheduleTimesError('pattern', `"${pattern}" is not a valid cron pattern: ${reason}`);
  }
}

function assertTimezone(timezone: string): void {
  try {
    Intl.DateTimeFormat('en', { timeZone: timezone });
  } catch {
    throw new ScheduleTimesError('timezone', `"${timezone}" is not a time zone, such as "Europe/Berlin" or "UTC"`);
  }
}
