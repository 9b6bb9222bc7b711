/** A model as an agent's configuration names it. */
export interface ModelName {
  readonly provider: string;
  readonly model: string;
}
