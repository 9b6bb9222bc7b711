/** Code that must compile, as in `wiring.types.ts`: the page knows each event and each channel of the server. */
import { expectTypeOf } from 'expect-type';
import type { RunEvent } from '../../src/engine/index.js';
import type * as page from '../../src/playground/assets/js/types.js';
import type { Delta } from '../../src/streaming/index.js';
import type { StepKind } from '../../src/workflow/index.js';

expectTypeOf<page.RunEvent['type']>().toEqualTypeOf<RunEvent['type']>();
expectTypeOf<page.StepKind>().toEqualTypeOf<StepKind>();
expectTypeOf<page.RunDelta['type']>().toEqualTypeOf<Delta['type']>();

/** Events that are never sent as node events, because the stream itself shows them. */
type Unshown = 'run-started' | 'run-resumed' | 'node-restarted' | 'delta' | 'run-failed';

expectTypeOf<page.NodeEvent['type']>().toEqualTypeOf<Exclude<RunEvent['type'], Unshown> | 'node-speaks'>();
