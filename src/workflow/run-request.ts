import type { Message, ModelParameters } from '../models/index.js';

/** The validated request of one run. The steps of a workflow are wired to its properties. */
export interface RunRequest {
  /** The id or alias that the client sent as `model`. */
  readonly model: string;
  /** The conversation as the client sent it, whole and in order. */
  readonly messages: readonly Message[];
  /**
   * The client's other parameters by their wire names, unchanged (`temperature`, `stop`, `tools` …). Agents forward them as
   * their configuration says; a node rarely needs them.
   */
  readonly parameters: ModelParameters;
}
