# Many orders and crashes on a stack of its own, then `comanda sandbox`, which must give the live state.
# shellcheck shell=bash

cmd_sandbox() {
	local status=0
	case " $* " in
	*' --help '* | *' -h '*)
		sandbox_python --help
		return
		;;
	esac
	packages_install "${PACKAGES_BUILD[@]}" "${PACKAGES_RUN[@]}" "${PACKAGES_TEST[@]}"
	build release "${PROGRAMS[@]}" comanda
	mkdir -p "$ROOT/.local"
	STACK=$(mktemp -d "$ROOT/.local/sandbox-XXXXXX")
	process_record $$ "$STACK/owner"
	trap test_abandon EXIT
	trap 'exit 130' INT TERM HUP
	stack_create release
	stack_start all
	stack_unlock
	sandbox_python "$@" || status=$?
	stack_lock
	stack_stop
	trap - EXIT INT TERM HUP
	if ((status)); then test_keep_logs; else stack_wipe; fi
	return "$status"
}

# Debian's python3, because another one on PATH does not find Debian's modules.
sandbox_python() {
	(
		cd "$ROOT/tests"
		COMANDA_STACK=$STACK PYTHONDONTWRITEBYTECODE=1 exec /usr/bin/python3 -m sandbox "$@"
	)
}
