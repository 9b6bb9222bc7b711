/** @import { GraphJson, Plan } from './types.js' */

/**
 * Lists the steps of a workflow, and of those inside it, in declared order: the order in which they speak.
 * @param {GraphJson} graph
 * @returns {Plan}
 */
export function makePlan(graph) {
  const nested = new Map((graph.workflows ?? []).map((each) => [each.workflow, each]));
  /** @type {Plan} */
  const plan = { steps: [], branches: [] };
  /** @param {GraphJson} part @param {string} path @param {readonly string[]} around */
  const add = ({ nodes, branches }, path, around) => {
    for (const { key, kind, node, visible } of nodes) {
      const branch = branches.find(
        ({ steps, route, when }) => steps.includes(key) && key.startsWith(`${route}.${when}.`),
      );
      plan.steps.push({
        path: path + key,
        label: branch === undefined ? key : key.slice(branch.route.length + branch.when.length + 2),
        around: around.join(', '),
        branch: branch === undefined ? '' : `${branch.route}: ${branch.when}`,
        kind,
        visible,
        depth: around.length,
      });
      const inner = kind === 'workflow' && node !== undefined ? nested.get(node) : undefined;
      if (inner !== undefined) add(inner, `${path}${key}/`, [...around, key]);
    }
    for (const { route, when, steps } of branches) {
      plan.branches.push({ route: path + route, when, paths: steps.map((key) => path + key) });
    }
  };
  add(graph, '', []);
  return plan;
}

/**
 * Finds the paths of the steps that a run leaves out, now that these routes have taken these branches.
 * @param {Plan} plan
 * @param {Readonly<Record<string, string>>} routes
 * @returns {Set<string>}
 */
export function findSkipped({ steps, branches }, routes) {
  const left = branches.filter(({ route, when }) => routes[route] !== undefined && routes[route] !== when);
  const roots = left.flatMap(({ paths }) => paths);
  return new Set(
    steps.map(({ path }) => path).filter((path) => roots.some((root) => path === root || path.startsWith(`${root}/`))),
  );
}
