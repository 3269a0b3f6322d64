# The service, and the same image as one-shot `db:init`; docs/deployment.md says how to build and run it.
# The Node.js version is the catalog's: a test compares them.
FROM node:24.21.0-bookworm-slim AS build
WORKDIR /production
# Manifests only: as long as they stay the same, so does the layer of the installed packages.
COPY package.json pnpm-lock.yaml pnpm-workspace.yaml .npmrc ./
COPY apps/backend/package.json apps/backend/
COPY packages/api-contract/package.json packages/api-contract/
COPY packages/db/package.json packages/db/
COPY packages/environment/package.json packages/environment/
COPY packages/telemetry/package.json packages/telemetry/
# The pnpm that package.json names.
RUN printf '#!/bin/sh\nexec npx --yes --loglevel=error %s "$@"\n' "$(node -p "require('./package.json').packageManager")" > /usr/local/bin/pnpm \
 && chmod +x /usr/local/bin/pnpm \
 && cp -R /production /build
# Without the embedded PostgreSQL (optional), and without what only compilers and debuggers read: TypeScript and the
# @types packages come as peers of packages that work without them. Without the workspace's file too: it is what makes
# a folder a checkout, and outside one the service demands DATABASE_URL.
RUN pnpm install --frozen-lockfile --ignore-scripts --prod --no-optional --filter-prod '@products/backend...' \
 && find . -type f \( -name '*.map' -o -name '*.d.ts' -o -name '*.d.cts' -o -name '*.d.mts' \) -delete \
 && rm -rf node_modules/.pnpm/typescript@* node_modules/.pnpm/@types+* \
 && find . -xtype l -delete \
 && rm node_modules/.modules.yaml node_modules/.pnpm-workspace-state-v1.json pnpm-lock.yaml pnpm-workspace.yaml .npmrc
WORKDIR /build
RUN pnpm install --frozen-lockfile --ignore-scripts --filter-prod '@products/backend...'
COPY apps apps
COPY packages packages
COPY tsconfig.base.json ./
RUN pnpm --config.verify-deps-before-run=false --filter-prod '@products/backend...' run build \
 && mkdir /compiled \
 && cp -R --parents apps/backend/dist packages/*/dist packages/db/migrations /compiled \
 && find /compiled -type f \( -name '*.map' -o -name '*.d.ts' \) -delete

FROM node:24.21.0-bookworm-slim
# The base has a user 1000 already: it is given the service's name. Nothing installs packages at run time.
RUN usermod --login appuser --home /home/appuser --move-home --shell /usr/sbin/nologin node \
 && groupmod --new-name appuser node \
 && rm -rf /usr/local/lib/node_modules /usr/local/bin/npm /usr/local/bin/npx /usr/local/bin/corepack \
           /usr/local/bin/yarn /usr/local/bin/yarnpkg /opt/yarn-*
COPY --from=build /production /app
COPY --from=build /compiled /app
ENV NODE_ENV=production \
    PORT=5000 \
    WEB_CONCURRENCY=4
EXPOSE 5000
USER 1000:1000
# The preload's specifier resolves from here.
WORKDIR /app/apps/backend
HEALTHCHECK --interval=10s --timeout=3s --start-period=30s --retries=3 CMD ["node", "dist/healthcheck.js"]
CMD ["node", "--import", "@products/telemetry/register", "dist/main.js"]
ARG VERSION=unversioned
ARG REVISION=unknown
LABEL org.opencontainers.image.title="products" \
      org.opencontainers.image.description="Observable products service: REST and tRPC over PostgreSQL" \
      org.opencontainers.image.licenses="ISC" \
      org.opencontainers.image.base.name="docker.io/library/node:24.21.0-bookworm-slim" \
      org.opencontainers.image.version="${VERSION}" \
      org.opencontainers.image.revision="${REVISION}"
