/**
 * The one direction in which imports point, and the fences around what may be replaced one day. docs/architecture.md has
 * the drawing; both change together.
 */
const TIERS = [
  ['kernel'],
  ['errors'],
  ['config'],
  ['streaming'],
  ['schema'],
  ['models', 'tracing'],
  ['metrics'],
  ['workflow'],
  ['nodes'],
  ['engine'],
  // Who may ask, and how much; the runs themselves; what holds for every route.
  ['access', 'runs', 'http'],
  ['api', 'docs', 'health', 'playground'],
  // All of Millrace as one module; src/index.ts gives it to workflows with everything else.
  ['module'],
  // Workflows, and what tests of workflows need: src/testing.ts is its door.
  ['workflows', 'testing'],
  // The composition, and another way in beside HTTP: src/cli.ts gives it the application, as src/app/main.ts does for the server.
  ['app', 'cli', 'openapi'],
];

/** Nothing in a tier may import from a tier above it. */
const upward = TIERS.slice(0, -1).map((folders, tier) => ({
  name: `only-downward-from-${folders.join('-and-')}`,
  severity: 'error',
  comment: 'Imports point from the edge to the kernel, never back.',
  from: { path: `^src/(${folders.join('|')})/` },
  to: {
    path: `^src/(${TIERS.slice(tier + 1)
      .flat()
      .join('|')})/`,
  },
}));

/** What a start does not need, and the modules that need it: both are only imported when they are. */
const LAZY_PACKAGES =
  '@dagrejs|@modelcontextprotocol|@nestjs/swagger|@opentelemetry|ioredis|jose|langfuse|liquidjs|node-sqlite3-wasm|openai/(?!core/error)|undici|yaml|bullmq|pg/';
const LAZY_MODULES = [
  '^src/access/jwt/',
  '^src/models/openai/sdk-client\\.ts$',
  '^src/models/openai/transport/(?!fetch-through-proxies)',
  '^src/openapi/',
  '^src/runs/dispatch/bull/',
  '^src/runs/store/postgres/',
  '^src/runs/store/sqlite/',
  '^src/tracing/otlp/',
];

const only = (name, allowed, packages, comment) => ({
  name,
  severity: 'error',
  comment,
  from: { path: '^src/', pathNot: allowed },
  to: { path: `^node_modules/(${packages})` },
});

module.exports = {
  forbidden: [
    { name: 'no-cycles', severity: 'error', from: {}, to: { circular: true } },
    {
      name: 'no-unresolved',
      severity: 'error',
      from: {},
      to: { couldNotResolve: true },
    },
    {
      name: 'no-test-code',
      severity: 'error',
      from: { path: '^src/', pathNot: '\\.spec\\.ts$' },
      to: { path: '^test/' },
    },
    {
      name: 'no-dev-dependencies',
      severity: 'error',
      comment: 'What makes openapi.json runs in development only; what the page is drawn with is bundled by the build.',
      from: { path: '^src/', pathNot: ['\\.spec\\.ts$', '^src/openapi/', '^src/playground/assets/vendor/'] },
      to: { dependencyTypes: ['npm-dev'], dependencyTypesNot: ['type-only'] },
    },
    ...upward,
    {
      name: 'loaded-when-needed',
      severity: 'error',
      comment:
        'A start loads none of these: import them by `await import(…)` where they are used, or require them where nothing may be waited for.',
      from: { path: '^src/', pathNot: [...LAZY_MODULES, '\\.spec\\.ts$'] },
      to: {
        path: [`^node_modules/(${LAZY_PACKAGES})`, ...LAZY_MODULES],
        dynamic: false,
        dependencyTypesNot: ['type-only', 'require'],
      },
    },
    {
      name: 'models-and-tracing-apart',
      severity: 'error',
      comment: 'Two ports of one tier: an observer traces model calls, from the events of agents.',
      from: { path: '^src/models/' },
      to: { path: '^src/tracing/' },
    },
    {
      name: 'runs-know-no-observers',
      severity: 'error',
      comment: 'They emit events, from which the observers in runs/ make traces and metrics.',
      from: { path: '^src/(workflow|nodes|engine)/' },
      to: { path: '^src/(tracing|metrics)/' },
    },
    {
      name: 'tracing-for-runs-and-refusals',
      severity: 'error',
      comment: 'An observer traces runs, and http traces refused requests; module and app open and close the tracer.',
      from: {
        path: '^src/[^/]+/',
        pathNot:
          '^src/(tracing|metrics|runs/(observers|inspection)|http|module|app)/|^src/runs/(runs\\.module|run\\.service\\.spec)\\.ts$',
      },
      to: { path: '^src/tracing/' },
    },
    {
      name: 'metrics-not-in-doors',
      severity: 'error',
      comment: 'The record of a request measures what a door streams.',
      from: { path: '^src/[^/]+/', pathNot: '^src/(metrics|runs|http|access|health|module|app)/' },
      to: { path: '^src/metrics/' },
    },
    {
      name: 'workflows-and-doors-apart',
      severity: 'error',
      comment: 'They meet in the registry.',
      from: { path: '^src/(workflows|api)/' },
      to: { path: '^src/(workflows|api)/', pathNot: '^src/$1/' },
    },
    {
      name: 'no-door-imports-another',
      severity: 'error',
      comment: 'What doors share is in api/wire.',
      from: { path: '^src/api/([^/]+)/' },
      to: { path: '^src/api/', pathNot: '^src/api/($1|wire)/' },
    },
    {
      name: 'composition-only-at-the-root',
      severity: 'error',
      comment: 'The door for authors, src/index.ts, is for workflows: they import it by the name of the package.',
      from: { path: '^src/[^/]+/', pathNot: '^src/workflows/' },
      to: { path: '^src/[^/]+\\.ts$' },
    },
    {
      name: 'workflows-import-millrace',
      severity: 'error',
      comment: 'They are written as anybody would write theirs.',
      from: { path: '^src/workflows/', pathNot: '\\.spec\\.ts$' },
      to: { path: '^src/', pathNot: ['^src/workflows/', '^src/index\\.ts$'] },
    },
    {
      name: 'through-the-door',
      severity: 'error',
      comment: "A folder's door is its index.ts; a folder inside it has a door of its own.",
      from: { path: '^src/([^/]+)/', pathNot: ['\\.spec\\.ts$', '^src/app/file-limit\\.ts$'] },
      to: { path: '^src/([^/]+)/', pathNot: ['^src/$1/', '/index\\.ts$'] },
    },
    {
      name: 'through-the-door-in-api',
      severity: 'error',
      comment: 'Each folder of src/api has a door of its own.',
      from: { path: '^src/api/([^/]+)/', pathNot: '\\.spec\\.ts$' },
      to: { path: '^src/api/', pathNot: ['^src/api/$1/', '/index\\.ts$'] },
    },
    {
      name: 'pure-without-nest',
      severity: 'error',
      from: { path: '^src/(kernel|errors|streaming)/' },
      to: { path: '^node_modules/@nestjs/' },
    },
    {
      name: 'openai-only-in-its-adapter',
      severity: 'error',
      comment: 'models may import its types: messages have their form.',
      from: { path: '^src/', pathNot: '^src/models/openai/' },
      to: { path: '^node_modules/openai/', dependencyTypesNot: ['type-only'] },
    },
    {
      name: 'openai-types-only-in-models',
      severity: 'error',
      from: { path: '^src/', pathNot: '^src/models/' },
      to: { path: '^node_modules/openai/' },
    },
    {
      name: 'cli-only-from-its-entry',
      severity: 'error',
      comment: 'A server has no command line.',
      from: { path: '^src/[^/]+\\.ts$', pathNot: '^src/cli\\.ts$' },
      to: { path: '^src/cli/' },
    },
    only('undici-only-in-its-adapter', '^src/models/openai/transport/', 'undici', 'It carries the SDK’s requests.'),
    only('layout-only-in-graphs', '^src/workflow/graph/', '@dagrejs', 'Loaded when the first image is drawn.'),
    only('langfuse-only-in-its-adapter', '^src/tracing/langfuse/', 'langfuse', 'The port is src/tracing/tracer.ts.'),
    only('tokens-only-in-access', '^src/access/jwt/', 'jose', 'Others know callers, however they said who they are.'),
    only(
      'redis-only-beside-ports',
      '^src/(access/shared|runs/dispatch/bull)/',
      'ioredis',
      'Everything works without it.',
    ),
    only(
      'bullmq-only-in-its-adapter',
      '^src/runs/dispatch/bull/',
      'bullmq',
      'The port is src/runs/dispatch/run-queue.ts.',
    ),
    only(
      'postgres-only-in-its-adapters',
      '^src/runs/(dispatch/bull|store/postgres)/',
      'pg/',
      'The ports are src/runs/store/ and src/runs/dispatch/run-queue.ts.',
    ),
    only(
      'mcp-only-in-its-door-and-tools',
      '^src/(api/mcp|cli|nodes/tools/mcp)/',
      '@modelcontextprotocol',
      'Others know workflows and tools, by whatever protocol they are called.',
    ),
    only('prometheus-only-in-metrics', '^src/metrics/', 'prom-client', 'Others count in words of the product.'),
    only(
      'opentelemetry-only-in-its-adapter',
      '^src/tracing/otlp/',
      '@opentelemetry',
      'The port is src/tracing/tracer.ts.',
    ),
  ],
  options: {
    doNotFollow: { path: 'node_modules' },
    tsPreCompilationDeps: true,
    tsConfig: { fileName: 'tsconfig.json' },
    enhancedResolveOptions: {
      exportsFields: ['exports'],
      conditionNames: ['import', 'node', 'default', 'types'],
      mainFields: ['module', 'main', 'types'],
    },
  },
};
