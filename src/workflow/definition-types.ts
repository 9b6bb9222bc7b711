declare const REQUEST: unique symbol;
declare const OUTPUT: unique symbol;

/** What the compiler knows about a workflow's class: the request it takes and the result it gives. No such properties exist. */
// oxlint-disable-next-line typescript/no-unnecessary-type-parameters -- they are there to be inferred from
export abstract class DefinitionTypes<Request, Output> {
  declare readonly [REQUEST]: Request;
  declare readonly [OUTPUT]: Output;
}

/** The request that a workflow takes. */
export type RequestOf<W> = W extends { readonly [REQUEST]: infer Request } ? Request : never;

/** The result that a workflow gives. */
export type ResultOf<W> = W extends { readonly [OUTPUT]: infer Output } ? Output : never;
