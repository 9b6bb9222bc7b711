/** Before the tests: what the page is drawn with has to be there, also where the service runs from its sources. */
export default () => import('../../scripts/bundle-page.mjs');
