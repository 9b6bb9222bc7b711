/** Below this are the routes of all protocols; the base URL that clients are given ends with it. */
export const API_ROOT = '/v1';
