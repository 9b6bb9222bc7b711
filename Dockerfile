# Debian slim rather than Alpine: it has the C library of the tests (glibc), for some 50 MB more on disk.
# For reproducible builds, pin by digest: --build-arg NODE_IMAGE=node:24-slim@sha256:…
ARG NODE_IMAGE=node:24-slim

FROM ${NODE_IMAGE} AS build
WORKDIR /app
# NODE_ENV stays unset in this stage: with `production`, npm ci would leave out the compiler.
# .npmrc is not copied: its options are for jest. No dependency needs install scripts, so none may run.
COPY package.json package-lock.json ./
RUN --mount=type=cache,target=/root/.npm npm ci --ignore-scripts --no-audit --no-fund
COPY tsconfig.json tsconfig.build.json ./
COPY scripts/build-state.mjs scripts/bundle.mjs scripts/bundle-page.mjs scripts/copy-assets.mjs ./scripts/
COPY src ./src
# --omit=optional removes packages that only optional peer dependencies need (TypeScript, 24 MB; zod, 9 MB).
RUN npm run build \
 && rm -f dist/.tsbuildinfo \
 && npm prune --omit=dev --omit=optional --ignore-scripts --no-audit --no-fund

FROM ${NODE_IMAGE}
WORKDIR /app
ENV NODE_ENV=production LOG_FORMAT=json
# Owned by root, but run as another user: the process cannot change its own code.
COPY --from=build /app/package.json ./
# Served at /docs-json.
COPY openapi.json ./
COPY --from=build /app/node_modules ./node_modules
COPY --from=build /app/dist ./dist
# By number, so that Kubernetes' runAsNonRoot can check it; 1000 is the image's user `node`.
USER 1000:1000
EXPOSE 8080
STOPSIGNAL SIGTERM
HEALTHCHECK --interval=10s --timeout=3s --start-period=20s --retries=3 \
  CMD ["node", "-e", "fetch(`http://127.0.0.1:${process.env.PORT || 8080}/health/live`, { signal: AbortSignal.timeout(2500) }).then((answer) => process.exit(answer.ok ? 0 : 1), () => process.exit(1))"]
# No shell and no npm in between: node is process 1, receives SIGTERM itself and starts no children to reap.
CMD ["node", "--enable-source-maps", "dist/main.js"]
