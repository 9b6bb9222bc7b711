import type { ServerResponse } from 'node:http';
import type { MillraceError } from '../errors/index.js';

/** Makes the JSON body of an error. */
type ErrorForm = (error: MillraceError) => object;

/** On a response: the form of its errors, if its protocol has another one than OpenAI's. */
const ERROR_FORM = Symbol('error form');

interface FormedResponse extends ServerResponse {
  [ERROR_FORM]?: ErrorForm;
}

/** Sets the form of errors that this response sends from now on. */
export function setErrorForm(response: ServerResponse, form: ErrorForm): void {
  (response as FormedResponse)[ERROR_FORM] = form;
}

/** The form of this response's errors; undefined: OpenAI's. */
export function findErrorForm(response: ServerResponse): ErrorForm | undefined {
  return (response as FormedResponse)[ERROR_FORM];
}
