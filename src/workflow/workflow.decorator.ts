import { Injectable } from '@nestjs/common';
import { DiscoveryService } from '@nestjs/core';
import type { WorkflowSchedule } from './schedules/workflow-schedule.js';
import type { WorkflowLike } from './workflow-types.js';

/** Another name under which clients may ask for a workflow. */
export interface WorkflowAlias {
  readonly id: string;
  /** Stream if the request does not say, see {@link WorkflowOptions.streamByDefault}. */
  readonly streamByDefault?: boolean;
}

/** How logged runs of a workflow are executed, such as those in the background. */
export interface BackgroundOptions {
  /**
   * How many may execute at the same time, in all processes together; the others wait. Absent: only `RUNS_CONCURRENCY`
   * applies.
   */
  readonly concurrency?: number;
  /**
   * How often a run that has failed is begun again, if that may help: after failures of model providers that may pass, and after what
   * code of its steps throws. Steps that had finished do not run again. Absent: 0, the run has failed.
   */
  readonly retries?: number;
  /**
   * How long it waits before it is begun again for the first time, as milliseconds or with a unit (`30s`, `5m`); twice
   * as long each further time, up to an hour, minus a random part. Absent: `10s`.
   */
  readonly retryDelay?: number | string;
}

/** Options of a workflow. */
export interface WorkflowOptions {
  /** What clients send as `model`: 1 to 128 letters, digits and `- _ . : /`, unique among all ids and aliases. */
  readonly id: string;
  readonly aliases?: readonly (string | WorkflowAlias)[];
  /** One sentence for the list of models and the docs. */
  readonly description: string;
  /**
   * Stream if the request has no `stream` and its Accept header does not name application/json. The default, false, is
   * OpenAI's rule: without `stream`, one JSON object.
   */
  readonly streamByDefault?: boolean;
  /**
   * True: it runs only as a step of other workflows and from code of the application; clients cannot ask for it. Required if
   * `define` reads more than a chat request holds; false then says that the workflow can do without.
   */
  readonly onlyAsStep?: boolean;
  /** How many steps of one run may run at the same time; 8 if absent. */
  readonly concurrency?: number;
  /** How its logged runs are executed. */
  readonly background?: BackgroundOptions;
  /** A version of the author's choice, such as `2026-11`, that distinguishes runs in traces. */
  readonly version?: string;
  /** False: neither its runs nor its part of other workflows' runs are traced. True if absent. */
  readonly tracing?: boolean;
  /**
   * What happens to a logged run that was begun with another version of this workflow, once no process has that version
   * any more. `resume`: steps that had finished and are still what they were do not run again, the others do. `fail`:
   * it ends with the code `workflow_changed`. Absent: `resume`, but `fail` if the workflow can wait for an answer.
   */
  readonly onChange?: 'resume' | 'fail';
  /** When it runs by itself, each time as a logged run. Absent: never. */
  readonly schedules?: readonly WorkflowSchedule[];
  /** The separator between the texts of two visible steps; a blank line if absent. */
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

/** Reads the options that {@link Workflow} gave a class; undefined if it has none. */
export function readWorkflowOptions(type: object): WorkflowOptions | undefined {
  return Reflect.getMetadata(WorkflowMetadata.KEY, type) as WorkflowOptions | undefined;
}
