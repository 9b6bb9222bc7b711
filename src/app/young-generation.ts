import { setFlagsFromString } from 'node:v8';

/** V8's default: by what factor it enlarges the space for new objects when more of them survive than it expected. */
const USUAL_GROWTH = 2;

/**
 * Makes V8 keep its space for new objects as small as it begins. Whatever a start loads survives, so the space would
 * grow to its limit of tens of megabytes, and a process with little to do never gives them back.
 * @returns a function that lets it grow from then on, as requests need it
 */
export function keepYoungGenerationSmall(): () => void {
  setGrowth(1);
  return () => setGrowth(USUAL_GROWTH);
}

/** V8 reads this flag each time it could enlarge the space, so unlike most it may be set in a running process. */
function setGrowth(factor: number): void {
  setFlagsFromString(`--semi-space-growth-factor=${factor}`);
}
