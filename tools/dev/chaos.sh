# Load and faults on a stack of its own, then a look at whether anything was lost or happened twice: tests/chaos.
# shellcheck shell=bash

cmd_chaos() {
	local status=0
	case " $* " in
	*' --help '* | *' -h '*)
		chaos_python --help
		return
		;;
	esac
	packages_install "${PACKAGES_BUILD[@]}" "${PACKAGES_RUN[@]}" "${PACKAGES_TEST[@]}"
	build dev "${PROGRAMS[@]}" comanda
	mkdir -p "$ROOT/.local"
	STACK=$(mktemp -d "$ROOT/.local/chaos-XXXXXX")
	process_note $$ "$STACK/owner"
	trap test_abandon EXIT
	trap 'exit 130' INT TERM HUP
	stack_create dev
	stack_start all
	stack_unlock
	chaos_python "$@" || status=$?
	stack_lock
	stack_stop
	trap - EXIT INT TERM HUP
	if ((status)); then test_keep_logs; else stack_wipe; fi
	return "$status"
}

# Debian's python3: another one earlier on PATH does not see Debian's modules.
chaos_python() {
	(
		cd "$ROOT/tests"
		COMANDA_STACK=$STACK PYTHONDONTWRITEBYTECODE=1 exec /usr/bin/python3 -m chaos "$@"
	)
}
