/** A message of a client whose content does not matter. */
export const HELLO: { role: 'user'; content: string }[] = [{ role: 'user', content: 'Hello' }];
/** A request where it does not matter what is asked. */
export const CHAT = { model: 'chat', messages: HELLO };
