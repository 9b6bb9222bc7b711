/** Runs before all tests: the page's bundles must exist, also when the service runs from its sources. */
export default () => import('../../scripts/bundle-page.mjs');
