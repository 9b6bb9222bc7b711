/** Signals that end a command early. A terminal sends SIGHUP when it is closed. */
export const SIGNALS = ['SIGINT', 'SIGTERM', 'SIGHUP'] as const;
