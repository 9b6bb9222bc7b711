declare const EVENT: unique symbol;
declare const OUTPUT: unique symbol;

/** What the compiler knows about a workflow's class: the event it takes and the result it gives. No such properties exist. */
// oxlint-disable-next-line typescript/no-unnecessary-type-parameters -- they are there to be inferred from
export abstract class DefinitionTypes<Event, Output> {
  declare readonly [EVENT]: Event;
  declare readonly [OUTPUT]: Output;
}

/** The event that a workflow takes. */
export type EventOf<W> = W extends { readonly [EVENT]: infer Event } ? Event : never;

/** The result that a workflow gives. */
export type ResultOf<W> = W extends { readonly [OUTPUT]: infer Output } ? Output : never;
