import { Injectable } from '@nestjs/common';
import { DiscoveryService } from '@nestjs/core';
import type { WorkflowLike } from './workflow-types.js';

/** Another name under which clients may ask for a workflow. */
export interface WorkflowAlias {
  readonly id: string;
  /** Answer with a stream when the request does not say, see {@link WorkflowOptions.streamByDefault}. */
  readonly streamByDefault?: boolean;
}

/** How a workflow presents itself. */
export interface WorkflowOptions {
  /** What clients send as `model`: 1 to 128 letters, digits and `- _ . : /`, unique among all ids and aliases. */
  readonly id: string;
  readonly aliases?: readonly (string | WorkflowAlias)[];
  /** One sentence for the list of models and the docs. */
  readonly description: string;
  /**
   * Answer with a stream when the request has no `stream`, unless its Accept header names application/json. OpenAI's rule,
   * and the default, is false: without `stream`, one JSON object.
   */
  readonly streamByDefault?: boolean;
  /**
   * True: it runs only as a step of other workflows and in code of the application; clients cannot ask for it. Needed where
   * `define` reads more than a chat request has; false there says that it can do without.
   */
  readonly onlyAsStep?: boolean;
  /** How many nodes of one run may be at work at the same time; 8 if absent. */
  readonly concurrency?: number;
  /** Of the workflow's own making, such as `2026-11`: its runs can be told apart by it in traces. */
  readonly version?: string;
  /** False: no run of it is traced, nor its part of the runs of other workflows. True if absent. */
  readonly tracing?: boolean;
  /** What stands between the texts of two visible steps; a blank line if absent. */
  readonly separator?: string;
}

/** The metadata behind {@link Workflow}, for discovery. */
export const WorkflowMetadata = DiscoveryService.createDecorator<WorkflowOptions>();

/** Makes a class with `define` a workflow. It must be a provider of some module to be found. */
export function Workflow(options: WorkflowOptions): (target: new (...parameters: never[]) => WorkflowLike) => void {
  return (target) => {
    Injectable()(target);
    WorkflowMetadata(options)(target);
  };
}

/** What a class says of itself with {@link Workflow}; undefined if it does not. */
export function readWorkflowOptions(type: object): WorkflowOptions | undefined {
  return Reflect.getMetadata(WorkflowMetadata.KEY, type) as WorkflowOptions | undefined;
}
