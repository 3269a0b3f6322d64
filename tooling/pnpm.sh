# Sourced by the scripts of package.json: makes sure that the pinned pnpm is on the PATH and has installed, whoever
# runs the script: npm, yarn, another pnpm.
export TURBO_TELEMETRY_DISABLED=1
pinned=$(node -p 'require("./package.json").packageManager') || return
case ${npm_config_user_agent:-} in
"pnpm/${pinned#pnpm@} "*) ;;
*)
  # .npmrc hides npm's output, its errors too; its cache spares the network.
  PATH=$(npx --yes --loglevel=error --prefer-offline --package="$pinned" -c 'printf %s "$PATH"') || return
  export PATH
  unset npm_config_loglevel
  pnpm install 1>&2 || return
  ;;
esac
