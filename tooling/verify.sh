#!/usr/bin/env bash
# check, and the tests that a change touches, in a minute: the change is what main does not have, committed or not.
# Of the backend's suite these are the test files that it changes and, since the others meet the sources only as a
# running service, a short round of both transports.
set -euo pipefail

pnpm check
turbo run build --filter=@products/backend... --output-logs=errors-only
turbo run test --affected --filter='!@products/backend' --output-logs=new-only

cd apps/backend
changed=$(git diff --merge-base main --name-only --diff-filter=d --relative -- 'tests/*.test.ts' ':!tests/stack')
new=$(git ls-files --others --exclude-standard -- 'tests/*.test.ts' ':!tests/stack')
# shellcheck disable=SC2086 -- a word for each file
exec pnpm exec vitest run config rest-read rest-create trpc $changed $new
