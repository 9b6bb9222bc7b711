/** What a client says where it does not matter what. */
export const HELLO: { role: 'user'; content: string }[] = [{ role: 'user', content: 'Hello' }];
/** A request where it does not matter what is asked. */
export const CHAT = { model: 'chat', messages: HELLO };
