#!/usr/bin/env bash
# The service, compiled and started again at every change of its source or its packages'; console and database live on.
set -euo pipefail

turbo run build --filter=@products/backend --filter=@products/console --output-logs=errors-only 1>&2
pnpm --parallel --filter '@products/backend...' \
  exec tsc -p tsconfig.build.json --watch --preserveWatchOutput 1>&2 &
compilers=$!
cd apps/backend
node ../console/dist/cli.js start -- node ../../packages/db/dist/cli.js run -- \
  node --watch --watch-preserve-output --import @products/telemetry/register dist/main.js &
service=$!

trap 'kill "$service" "$compilers" 2>/dev/null' INT TERM
# Every signal ends a wait; the process waited for may go on.
while kill -0 "$service" 2>/dev/null; do wait "$service" || true; done
kill "$compilers" 2>/dev/null || true
