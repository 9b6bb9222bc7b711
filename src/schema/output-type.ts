/** A class whose properties carry class-validator decorators: what a model's structured answer becomes. */
export type OutputClass<T = object> = new () => T;

/** What an agent's answer is: `String` for plain text, or a class for a structured answer. */
export type OutputType<T = unknown> = StringConstructor | OutputClass<T>;

/** The value behind an {@link OutputType}: `string`, or an instance of the class. */
export type OutputOf<T extends OutputType> = T extends StringConstructor
  ? string
  : T extends OutputClass<infer Instance>
    ? Instance
    : never;

/** Whether answers of this type are JSON for a class; otherwise they are plain text. */
export function isStructured<T>(type: OutputType<T>): type is OutputClass<T> {
  return type !== String;
}
