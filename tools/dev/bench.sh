# The benchmark, on a stack of its own below .local/, so that data and load of ./dev up do not count.
# shellcheck shell=bash

BENCH_HTTP_THREADS=600 # above the maximum of 512 clients

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
