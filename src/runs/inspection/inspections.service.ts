import { Inject, Injectable, Optional } from '@nestjs/common';
import { AppConfig } from '../../config/index.js';
import { Clock } from '../../kernel/index.js';
import { ModelPrices } from '../../models/index.js';
import { TraceMask } from '../../tracing/index.js';
import type { ObservedRun, RunObserver, RunObserverFactory } from '../observers/run-observer.js';
import { DocumentStore } from '../store/document-store.js';
import { InspectionBudget } from './inspection-budget.js';
import { InspectionObserver } from './inspection.observer.js';
import type { RunInspection } from './run-inspection.js';

/** Most bytes kept in memory for all runs together; the oldest runs are dropped first. */
const MOST_BYTES = 32 * 1024 * 1024;

/** An inspection in memory. */
interface KeptInspection {
  readonly inspection: RunInspection;
  readonly budget: InspectionBudget;
}

/**
 * The inspections of runs whose callers may inspect them. They are in the memory of the process that executes the run,
 * and for logged runs in the store, too. Runs of other callers cost nothing.
 */
@Injectable()
export class Inspections implements RunObserverFactory {
  /** By the ids of runs, the earliest first. */
  readonly #kept = new Map<string, KeptInspection>();
  /** Writes in progress, by the ids of runs. */
  readonly #storing = new Map<string, Promise<void>>();
  readonly #prices: ModelPrices;
  #bytes = 0;

  constructor(
    { upstream }: AppConfig,
    private readonly clock: Clock,
    private readonly documents: DocumentStore,
    @Optional() @Inject(TraceMask) private readonly mask: TraceMask | undefined,
  ) {
    this.#prices = new ModelPrices(upstream.prices);
  }

  observe({
    workflow,
    request: { model },
    options: { id, origin, keepStep, resumed },
  }: ObservedRun): RunObserver | undefined {
    const owner = origin?.inspector;
    if (owner === undefined || !workflow.traced) return undefined;
    const known = this.#kept.get(id);
    const { inspection, budget } = known ?? this.#open({ id, owner, model, workflow: workflow.id });
    inspection.status = 'running';
    delete inspection.endedAt;
    const earlier = known === undefined && resumed !== undefined ? this.#addEarlier(inspection) : undefined;
    const onEnd = (): void => {
      if (keepStep !== undefined) this.#storing.set(id, this.#store(inspection, earlier));
    };
    return new InspectionObserver({ inspection, budget, prices: this.#prices, clock: this.clock, onEnd });
  }

  /** @returns undefined if nothing was recorded, it has gone since, or the run belongs to somebody else */
  async find(id: string, owner: string): Promise<RunInspection | undefined> {
    const { inspection } = this.#kept.get(id) ?? {};
    if (inspection !== undefined) return inspection.owner === owner ? inspection : undefined;
    if (!this.documents.canKeep) return undefined;
    const document = await this.documents.find(nameDocument(id), nameOwner(owner));
    return document && (JSON.parse(document.json) as RunInspection);
  }

  /** Removes the inspection of a run. */
  async remove(id: string, owner: string): Promise<void> {
    const kept = this.#kept.get(id);
    if (kept?.inspection.owner === owner) this.#drop(id, kept);
    await this.#storing.get(id);
    if (this.documents.canKeep) await this.documents.remove(nameDocument(id), nameOwner(owner));
  }

  #open(run: Pick<RunInspection, 'id' | 'owner' | 'model' | 'workflow'>): KeptInspection {
    const inspection: RunInspection = {
      ...run,
      startedAt: this.clock.now(),
      status: 'running',
      isTruncated: false,
      steps: [],
    };
    const budget = new InspectionBudget(this.mask, (bytes) => {
      this.#bytes += bytes;
      if (this.#bytes > MOST_BYTES) this.#makeRoom();
    });
    const kept = { inspection, budget };
    this.#kept.set(run.id, kept);
    budget.takeEvent();
    return kept;
  }

  #makeRoom(): void {
    for (const [id, kept] of this.#kept) {
      if (this.#bytes <= MOST_BYTES) return;
      this.#drop(id, kept);
    }
  }

  /** A run that is still active records nothing more. */
  #drop(id: string, { inspection, budget }: KeptInspection): void {
    this.#kept.delete(id);
    this.#bytes -= budget.taken;
    budget.close();
    inspection.steps.length = 0;
  }

  /** Reads what another process has recorded of a run that continues here. Never rejects. */
  async #addEarlier(inspection: RunInspection): Promise<void> {
    const { id, owner } = inspection;
    try {
      const document = await this.documents.find(nameDocument(id), nameOwner(owner));
      if (document === undefined) return;
      const earlier = JSON.parse(document.json) as RunInspection;
      inspection.startedAt = earlier.startedAt;
      inspection.steps.unshift(...earlier.steps);
    } catch {
      // The store is away: this process knows what it has recorded itself.
    }
  }

  /** Never rejects: an inspection that cannot be stored stays in memory only. */
  async #store(inspection: RunInspection, earlier: Promise<void> | undefined): Promise<void> {
    await earlier;
    const { id, owner, startedAt: createdAt } = inspection;
    try {
      if (this.#kept.get(id)?.inspection === inspection)
        await this.documents.put({
          kind: 'inspection',
          id: nameDocument(id),
          owner: nameOwner(owner),
          createdAt,
          json: JSON.stringify(inspection),
          parts: [],
        });
    } catch {
      // The store is away: the run itself waits for it, and says so.
    } finally {
      this.#storing.delete(id);
    }
  }
}

function nameDocument(id: string): string {
  return `${id}/inspection`;
}

/** An owner name of its own, so that inspections take no room from the caller's stored responses. */
function nameOwner(owner: string): string {
  return `${owner}/inspections`;
}
