/** The root of the routes of all protocols; clients' base URLs end with it. */
export const API_ROOT = '/v1';

/** Below these, where keys or tokens are configured, every route asks for one. */
export const GUARDED_ROOTS: readonly string[] = [API_ROOT, '/mcp'];
