# The service, and the same image as one-shot `db:init`; docs/deployment.md says how to build and run it.
# The Node.js version is the catalog's: a test compares them.
FROM node:24.21.0-bookworm-slim AS build
WORKDIR /production
# Manifests only: as long as they stay the same, so does the layer of the installed packages.
COPY package.json pnpm-lock.yaml pnpm-workspace.yaml .npmrc ./
COPY patches patches
COPY apps/backend/package.json apps/backend/
COPY packages/api-contract/package.json packages/api-contract/
COPY packages/db/package.json packages/db/
COPY packages/environment/package.json packages/environment/
COPY packages/telemetry/package.json packages/telemetry/
# The pnpm that package.json names, if it is what was published:
# npm view @pnpm/exe.linux-x64@12.21.0 dist.integrity
ARG PNPM_LINUX_X64=sha512-8eufCjHXspKbNS/kh8q4Q0gqJoOuvC4Q5pgos6XS8By/nAMtP+jf8F1Cw9er840kfAX+PJ/ts+A9qnLE91rvXQ==
# npm view @pnpm/exe.linux-arm64@12.21.0 dist.integrity
ARG PNPM_LINUX_ARM64=sha512-4Oj/iF2TDCe2lcH0n4TupPR5sSdrNLclJB6xBElLMPCUOAvBhdf2rRlSaO5M4erJ6g4Fyy7YTXTpcmfFsKyxEA==
RUN version=$(node -p "require('./package.json').packageManager.split('@')[1]") \
 && case $(node -p process.arch) in \
      x64) program=@pnpm/exe.linux-x64@$version expected=$PNPM_LINUX_X64 ;; \
      arm64) program=@pnpm/exe.linux-arm64@$version expected=$PNPM_LINUX_ARM64 ;; \
      *) echo "no integrity is known of pnpm for $(node -p process.arch), only for x64 and arm64" >&2; exit 1 ;; \
    esac \
 && archive=/tmp/$(npm pack --silent --pack-destination /tmp "$program") \
 && actual=sha512-$(node -p "crypto.createHash('sha512').update(fs.readFileSync('$archive')).digest('base64')") \
 && { [ "$actual" = "$expected" ] || { echo "$program has the integrity $actual, not $expected" >&2; exit 1; }; } \
 && tar -xzf "$archive" -C /usr/local/bin --strip-components=1 package/pnpm \
 && rm "$archive" \
 && cp -R /production /build
# Without the embedded PostgreSQL (optional), and without what only compilers and debuggers read: TypeScript and the
# @types packages come as peers of packages that work without them. Without the workspace's file too: it is what makes
# a folder a checkout, and outside one the service demands DATABASE_URL.
RUN pnpm install --frozen-lockfile --ignore-scripts --prod --no-optional --filter-prod '@products/backend...' \
 && find . -type f \( -name '*.map' -o -name '*.d.ts' -o -name '*.d.cts' -o -name '*.d.mts' \) -delete \
 && rm -rf node_modules/.pnpm/typescript@* node_modules/.pnpm/@types+* \
 && find . -xtype l -delete \
 && rm -r node_modules/.modules.yaml node_modules/.pnpm-workspace-state-v1.json pnpm-lock.yaml pnpm-workspace.yaml .npmrc patches
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
ENV REVISION=${REVISION}
LABEL org.opencontainers.image.title="products" \
      org.opencontainers.image.description="Observable products service: REST and tRPC over PostgreSQL" \
      org.opencontainers.image.licenses="ISC" \
      org.opencontainers.image.base.name="docker.io/library/node:24.21.0-bookworm-slim" \
      org.opencontainers.image.version="${VERSION}" \
      org.opencontainers.image.revision="${REVISION}"
