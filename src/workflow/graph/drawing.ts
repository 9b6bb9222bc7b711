import { assertNever } from '../../kernel/index.js';
import type {
  CompiledWorkflow,
  InterruptStep,
  NestedStep,
  NodeKind,
  NodeStep,
  RouteStep,
  CompiledScope,
  Step,
} from '../workflow-schema.js';

/** How deep nested workflows are drawn from the inside; deeper ones are a single node. */
const DRAWN_DEPTH = 3;

/**
 * What the client sees of a part of a drawing: its deltas (`visible`), nothing, because the wiring keeps them from the client
 * (`silent`), or nothing, because it has none (`inner`).
 */
export type Visibility = 'visible' | 'silent' | 'inner';

/** What a node of a drawing stands for; `merge` is a point where several paths join. */
export type DrawnKind = 'request' | 'result' | 'code' | 'agent' | 'workflow' | 'route' | 'interrupt' | 'merge';

/** What the nodes of steps are drawn as. */
const DRAWN_NODES: Readonly<Record<NodeKind, 'code' | 'agent'>> = {
  node: 'code',
  agent: 'agent',
  'agent-streaming': 'agent',
};

/** A node of a drawing. */
export interface DrawnNode {
  /** Safe in any drawing language: a letter and a number. */
  readonly id: string;
  readonly kind: DrawnKind;
  /** Its name for the reader; any text. */
  readonly label: string;
  /** One or two words on what it is; any text, or empty. */
  readonly note: string;
  /** Its whole key, preceded by those of the enclosing steps; any text. */
  readonly path: string;
  readonly visibility: Visibility;
  /** Id of the innermost enclosing group. */
  readonly group?: string;
}

/** A nested workflow, drawn as a frame around its nodes. */
export interface DrawnGroup {
  readonly id: string;
  readonly label: string;
  readonly note: string;
  readonly path: string;
  readonly visibility: Visibility;
  readonly group?: string;
}

/** An arrow between two nodes. */
export interface DrawnEdge {
  readonly from: string;
  readonly to: string;
  /** The name of the branch, if the arrow comes from a route. */
  readonly label?: string;
}

/** The parts of a drawing, before they have places or colours. No edge leads to or from a group. */
export interface Drawing {
  readonly nodes: readonly DrawnNode[];
  readonly groups: readonly DrawnGroup[];
  readonly edges: readonly DrawnEdge[];
}

/** Draws a workflow from the request to the result, with nested workflows as groups. */
export function drawWorkflow(workflow: CompiledWorkflow): Drawing {
  return new Draughtsman().draw(workflow);
}

/** Where an arrow begins. */
interface Exit {
  readonly node: string;
  readonly label?: string;
}

/** The ends of a part of a drawing: where arrows lead in and where they lead out. */
interface Ends {
  readonly entries: readonly Exit[];
  readonly exits: readonly Exit[];
}

/** The surroundings of a part of a drawing. */
interface Surroundings {
  readonly group?: string;
  /** Keys of the enclosing steps, each followed by a slash. */
  readonly path: string;
  /** The beginning of its steps' keys that a reader need not see. */
  readonly prefix: string;
  /** True inside of a silent nested workflow. */
  readonly isSilent: boolean;
  readonly depth: number;
}

class Draughtsman {
  readonly #nodes: DrawnNode[] = [];
  readonly #groups: DrawnGroup[] = [];
  readonly #edges: DrawnEdge[] = [];

  draw(workflow: CompiledWorkflow): Drawing {
    const request = this.#add({ kind: 'request', label: 'Request', note: '', path: 'Request', visibility: 'inner' });
    const around: Surroundings = { path: '', prefix: '', isSilent: false, depth: 0 };
    const { entries, exits } = this.#drawWorkflow(workflow, around);
    const result = this.#add({
      kind: 'result',
      label: 'Result',
      note: '',
      path: 'Result',
      visibility: workflow.visible ? 'inner' : 'visible',
    });
    this.#connect([{ node: request }], entries);
    this.#connect(workflow.resultStep === undefined ? [{ node: request }] : exits, [{ node: result }]);
    return { nodes: this.#nodes, groups: this.#groups, edges: this.#edges };
  }

  /** Draws a workflow; the step that gives the result leads on. */
  #drawWorkflow({ scope, resultStep }: CompiledWorkflow, around: Surroundings): Ends {
    const { ends, entries, exits } = this.#drawScope(scope, around, resultStep);
    const result = resultStep === undefined ? undefined : ends.get(resultStep);
    return { entries, exits: result?.exits ?? exits };
  }

  /** @param goesOn key of the step from which an arrow leads out of the scope */
  #drawScope(
    { steps }: CompiledScope,
    around: Surroundings,
    goesOn?: string,
  ): Ends & { readonly ends: ReadonlyMap<string, Ends> } {
    const ends = new Map<string, Ends>();
    const successors = new Map<string, number>(goesOn === undefined ? [] : [[goesOn, 1]]);
    for (const key of steps.flatMap(({ dependsOn }) => dependsOn)) successors.set(key, (successors.get(key) ?? 0) + 1);
    for (const step of steps) {
      const own = this.#drawStep(step, around);
      const exits = (successors.get(step.key) ?? 0) > 1 ? this.#mergeExits(own.exits, around) : own.exits;
      ends.set(step.key, { entries: own.entries, exits });
      this.#connect(
        step.dependsOn.flatMap((key) => ends.get(key)?.exits ?? []),
        own.entries,
        around,
      );
    }
    const first = steps.filter(({ dependsOn }) => dependsOn.length === 0);
    const last = steps.filter(({ key }) => !successors.has(key));
    return {
      ends,
      entries: first.flatMap(({ key }) => ends.get(key)?.entries ?? []),
      exits: last.flatMap(({ key }) => ends.get(key)?.exits ?? []),
    };
  }

  #drawStep(step: Step, around: Surroundings): Ends {
    switch (step.kind) {
      case 'node':
        return this.#drawNode(step, around);
      case 'route':
        return this.#drawRoute(step, around);
      case 'workflow':
        return this.#drawNested(step, around);
      case 'interrupt':
        return this.#drawInterrupt(step, around);
      default:
        return assertNever(step);
    }
  }

  #drawNode(step: NodeStep, around: Surroundings): Ends {
    const label = makeLabel(step, around);
    // Code that streams asks no model.
    const kind = step.instance.forwards === undefined ? 'code' : DRAWN_NODES[step.nodeKind];
    const isSilent = step.streams && (!step.visible || around.isSilent);
    const visibility = isSilent ? 'silent' : step.visible ? 'visible' : 'inner';
    const notes = [step.node === label ? '' : step.node, kind];
    if (visibility !== 'inner') notes.push(visibility);
    const node = this.#add({
      ...readGroup(around),
      kind,
      label,
      note: notes.filter((note) => note !== '').join(', '),
      path: around.path + step.key,
      visibility,
    });
    return { entries: [{ node }], exits: [{ node }] };
  }

  #drawRoute(step: RouteStep, around: Surroundings): Ends {
    const label = makeLabel(step, around);
    const path = around.path + step.key;
    const node = this.#add({ ...readGroup(around), kind: 'route', label, note: 'route', path, visibility: 'inner' });
    const exits = [...step.branches].flatMap(([when, branch]): readonly Exit[] => {
      if (branch.steps.length === 0) return [{ node, label: when }];
      const inner = this.#drawScope(branch, { ...around, prefix: `${step.key}.${when}.` });
      this.#connect([{ node, label: when }], inner.entries);
      return inner.exits;
    });
    return { entries: [{ node }], exits };
  }

  #drawInterrupt(step: InterruptStep, around: Surroundings): Ends {
    const label = makeLabel(step, around);
    const path = around.path + step.key;
    const place = readGroup(around);
    const node = this.#add({
      ...place,
      kind: 'interrupt',
      label,
      note: 'waits for an answer',
      path,
      visibility: 'inner',
    });
    return { entries: [{ node }], exits: [{ node }] };
  }

  #drawNested(step: NestedStep, around: Surroundings): Ends {
    const { workflow } = step;
    const isSilent = around.isSilent || step.silent;
    const visibility = !workflow.visible ? 'inner' : isSilent ? 'silent' : 'visible';
    const shown = {
      ...readGroup(around),
      label: makeLabel(step, around),
      note: `workflow ${workflow.id}${visibility === 'silent' ? ', silent' : ''}`,
      path: around.path + step.key,
      visibility,
    } as const;
    if (around.depth === DRAWN_DEPTH) {
      const node = this.#add({ ...shown, kind: 'workflow' });
      return { entries: [{ node }], exits: [{ node }] };
    }
    const id = `g${this.#groups.length}`;
    this.#groups.push({ ...shown, id });
    const depth = around.depth + 1;
    return this.#drawWorkflow(workflow, { group: id, path: `${shown.path}/`, prefix: '', isSilent, depth });
  }

  /** Joins several paths that lead to several steps in one point, so that few lines cross. */
  #mergeExits(exits: readonly Exit[], around: Surroundings): readonly Exit[] {
    if (exits.length < 2) return exits;
    const node = this.#add({
      ...readGroup(around),
      kind: 'merge',
      label: '',
      note: '',
      path: '',
      visibility: 'inner',
    });
    this.#connect(exits, [{ node }]);
    return [{ node }];
  }

  #connect(exits: readonly Exit[], entries: readonly Exit[], around?: Surroundings): void {
    const froms = around !== undefined && entries.length > 1 ? this.#mergeExits(exits, around) : exits;
    for (const from of froms) {
      for (const { node } of entries) {
        this.#edges.push({ from: from.node, to: node, ...(from.label !== undefined && { label: from.label }) });
      }
    }
  }

  #add(node: Omit<DrawnNode, 'id'>): string {
    const id = `n${this.#nodes.length}`;
    this.#nodes.push({ ...node, id });
    return id;
  }
}

function makeLabel({ key }: Step, { prefix }: Surroundings): string {
  return key.startsWith(prefix) ? key.slice(prefix.length) : key;
}

function readGroup({ group }: Surroundings): { readonly group?: string } {
  return group === undefined ? {} : { group };
}
