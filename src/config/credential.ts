import { IsOptional, Matches } from 'class-validator';

/** Visible ASCII. HTTP headers take little more, and a blank or an invisible character within a key was never part of it. */
const CREDENTIAL = /^[!-~]+$/;

/** What a credential with other characters is told. Never shows the value. */
const MESSAGE =
  '$property must consist of visible ASCII characters: there is a blank, a line break, or an invisible or foreign character in it';

/** A key or token that is sent in a header; may be absent. */
export function Credential(): PropertyDecorator {
  return (target, property) => {
    for (const decorate of [IsOptional(), Matches(CREDENTIAL, { message: MESSAGE })]) decorate(target, property);
  };
}

/** Whether a text can be sent as a key or token. */
export function isCredential(text: string): boolean {
  return CREDENTIAL.test(text);
}
