# A long run at half of the capacity on a stack of its own: tests/soak. It uses the load generator of the benchmark.
# shellcheck shell=bash

cmd_soak() {
	local status=0
	case " $* " in *' --help '* | *' -h '*) soak_run "$@" && return ;; esac
	packages_install "${PACKAGES_BUILD[@]}" "${PACKAGES_RUN[@]}"
	test_leftovers
	build release
	bench_begin
	stack_start all
	stack_unlock
	soak_run "$@" || status=$?
	stack_lock
	trap - EXIT INT TERM HUP
	stack_stop
	stack_wipe
	return "$status"
}

soak_run() {
	COMANDA_STACK=$STACK PYTHONDONTWRITEBYTECODE=1 PYTHONPATH=$ROOT/tests/bench /usr/bin/python3 "$ROOT/tests/soak/soak.py" "$@"
}
