# The benchmark, on a stack of its own below .local/, so that it measures neither the data nor the load of ./dev up.
# shellcheck shell=bash

BENCH_HTTP_THREADS=600 # more than the 512 clients that are the most

cmd_bench() {
	local argument
	local script=bench.py
	if [[ ${1:-} == --without ]]; then script=ablation.py && shift; fi
	for argument in "$@"; do
		case $argument in -h | --help) PYTHONDONTWRITEBYTECODE=1 exec /usr/bin/python3 "$ROOT/tests/bench/$script" --help ;; esac
	done
	packages_install "${PACKAGES_BUILD[@]}" "${PACKAGES_RUN[@]}"
	test_leftovers
	build release
	bench_begin
	stack_start all
	part_stop edge-http
	part_start edge-http "COMANDA_HTTP_THREADS=$BENCH_HTTP_THREADS"
	parts_await 60 edge-http
	stack_unlock
	bench_measure "$script" "$@"
	stack_lock
	trap - EXIT INT TERM HUP
	stack_stop
	stack_wipe
}

bench_begin() {
	mkdir -p "$ROOT/.local"
	STACK=$(mktemp -d "$ROOT/.local/test-bench-XXXXXX")
	process_record $$ "$STACK/owner"
	trap bench_abandon EXIT
	trap 'exit 130' INT TERM HUP
	stack_create release
}

bench_measure() {
	COMANDA_STACK=$STACK PYTHONDONTWRITEBYTECODE=1 /usr/bin/python3 "$ROOT/tests/bench/$1" "${@:2}"
}

bench_abandon() {
	local status=$?
	trap - EXIT INT TERM HUP
	say bench 'ended early: taking the stack down'
	stack_stop
	stack_wipe
	exit "$status"
}
