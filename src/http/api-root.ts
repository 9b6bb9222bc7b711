/** The root of the routes of all protocols; clients' base URLs end with it. */
export const API_ROOT = '/v1';
