/** A message of a client whose content does not matter. */
export const HELLO: { role: 'user'; content: string }[] = [{ role: 'user', content: 'Hello' }];
/** A request whose content does not matter. */
export const CHAT = { model: 'chat', messages: HELLO };
