import type { Message, ModelParameters } from '../models/index.js';

/** The validated request of one run: what a workflow's nodes are wired to. */
export interface RunRequest {
  /** The id or alias by which the client asked for the workflow. */
  readonly model: string;
  /** The conversation as the client sent it, whole and in order. */
  readonly messages: readonly Message[];
  /**
   * The client's other parameters by their wire names, unchanged (`temperature`, `stop`, `tools` …). Agents forward them
   * by themselves as their configuration says; a node rarely needs to look.
   */
  readonly parameters: ModelParameters;
}
