# `npm run new -- resource suppliers`: turbo's generators, with the answers on the command line; without any, they ask.
case $# in
0 | 1) exec gen run "$@" ;;
2) exec gen run "$1" --args "$2" '' ;;
*) exec gen run "$1" --args "$2" "$3" ;;
esac
