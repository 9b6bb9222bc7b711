/** Why the demo makes no value for a schema. Its message is for the client. */
export class NoInstanceError extends Error {}
