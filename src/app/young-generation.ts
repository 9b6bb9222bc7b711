import { setFlagsFromString } from 'node:v8';

/** By how much V8 enlarges the space of new objects when more of them survive than it expected: what it does unless told. */
const USUAL_GROWTH = 2;

/**
 * Has V8 keep its space for new objects as small as it begins. Whatever a start loads survives, so the space would grow to its
 * limit, which is tens of megabytes, and a process with little to do never gives them back.
 * @returns lets it grow from now on, as requests make it necessary
 */
export function keepYoungGenerationSmall(): () => void {
  setGrowth(1);
  return () => setGrowth(USUAL_GROWTH);
}

/** V8 reads this flag each time it could enlarge the space, so unlike most it may be set in a running process. */
function setGrowth(factor: number): void {
  setFlagsFromString(`--semi-space-growth-factor=${factor}`);
}
