/** What ends a command early. A terminal that is closed is told as SIGHUP. */
export const SIGNALS = ['SIGINT', 'SIGTERM', 'SIGHUP'] as const;
