import type { Application } from 'express';

/** A route with more methods than this was declared for all of them, to refuse those that it does not have. */
const MOST_METHODS = 5;

const known = new WeakMap<Application, readonly string[]>();

/** What the router of Express 5 holds; its types leave the paths of routes open. */
interface Layer {
  readonly route?: { readonly path: unknown; readonly methods: Readonly<Record<string, boolean>> };
}

/** All routes of an application that is set up, in their order: `GET /v1/models/{id}`. They are looked up once. */
export function listRoutes(app: Application): readonly string[] {
  const listed = known.get(app);
  if (listed !== undefined) return listed;
  const layers = app.router.stack as unknown as readonly Layer[];
  const routes = layers.flatMap(({ route }) => {
    const methods = Object.keys(route?.methods ?? {});
    if (typeof route?.path !== 'string' || methods.length > MOST_METHODS) return [];
    const path = route.path.replaceAll(/[:*](\w+)/g, '{$1}');
    return methods.map((method) => `${method.toUpperCase()} ${path}`);
  });
  known.set(app, routes);
  return routes;
}
