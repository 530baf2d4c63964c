# Fuzzing: the targets of tests/fuzz with clang's libFuzzer, AddressSanitizer and UBSan. New inputs go to .local/fuzz/corpus,
# where the next run continues. Failures go to .local/fuzz/findings.
# shellcheck shell=bash

FUZZ_TARGETS=(request connection message envelope cursor token settings)

cmd_fuzz() {
	local minutes=5 targets=("${FUZZ_TARGETS[@]}")
	while (($#)); do
		case $1 in
		--minutes)
			[[ ${2:-} =~ ^[1-9][0-9]*$ ]] || usage_error './dev fuzz --minutes takes a whole number'
			minutes=$2
			shift
			;;
		--target)
			[[ " ${FUZZ_TARGETS[*]} " == *" ${2:-} "* ]] || usage_error "./dev fuzz --target takes one of: ${FUZZ_TARGETS[*]}"
			targets=("$2")
			shift
			;;
		*) usage_error "./dev fuzz takes --minutes N and --target T, not: $1" ;;
		esac
		shift
	done
	packages_install "${PACKAGES_BUILD[@]}" "${PACKAGES_TEST[@]}"
	fuzz_build "${targets[@]}"
	fuzz_all "$ROOT/.local/fuzz" "$((minutes * 60))" "${targets[@]}"
}

fuzz_build() { # targets
	build fuzz "${@/#/fuzz_}"
}

# Runs the targets in parallel, one per processor, for so many seconds in all. Fails if a target finds a fault.
fuzz_all() { # directory, seconds, targets
	local directory=$1 seconds=$2 slots target pids=() failed=0
	shift 2
	slots=$(($(nproc) < $# ? $(nproc) : $#))
	seconds=$((seconds * slots / $#))
	mkdir -p "$directory"/{corpus,seeds,log} "$ROOT/.local/fuzz/findings"
	say fuzz "$# targets, $((seconds > 0 ? seconds : 1)) s each, $slots at a time"
	for target in "$@"; do
		((${#pids[@]} < slots)) || { wait "${pids[0]}" || failed=1; pids=("${pids[@]:1}"); }
		fuzz_one "$directory" "$((seconds > 0 ? seconds : 1))" "$target" &
		pids+=($!)
	done
	for target in "${pids[@]}"; do wait "$target" || failed=1; done
	return "$failed"
}

fuzz_one() { # directory, seconds, target
	local directory=$1 seconds=$2 target=$3 log=$1/log/$3.log status=0
	mkdir -p "$directory/corpus/$target" "$directory/seeds/$target"
	fuzz_seeds "$target" "$directory/seeds/$target"
	"$ROOT/build/fuzz/fuzz/fuzz_$target" -max_total_time="$seconds" -max_len=8192 -timeout=30 -rss_limit_mb=2048 \
		-print_final_stats=1 -artifact_prefix="$ROOT/.local/fuzz/findings/$target-" \
		"$directory/corpus/$target" "$ROOT/tests/fuzz/corpus/$target" "$directory/seeds/$target" >"$log" 2>&1 || status=$?
	fuzz_report "$target" "$log"
	((status)) || return 0
	fuzz_complain "$target" "$log"
	return 1
}

# Executions, and the coverage of the code that is linked with the target.
fuzz_report() { # target, log
	local executions covered of
	executions=$(sed -n 's/^stat::number_of_executed_units: *//p' "$2")
	covered=$(sed -n 's/^#[0-9].* cov: \([0-9]*\) .*/\1/p' "$2" | tail -n 1)
	of=$(sed -n 's/^INFO: Loaded 1 modules *(\([0-9]*\) .*/\1/p' "$2")
	say fuzz "$(printf '%-12s %9s executions, %5s of %s edges' "$1" "${executions:-?}" "${covered:-?}" "${of:-?}")"
}

fuzz_complain() { # target, log
	local input
	input=$(sed -n 's/.*Test unit written to //p' "$2" | tail -n 1)
	grep -E -A 25 'does not hold|runtime error|ERROR: ' "$2" | head -n 40 >&2 || tail -n 20 "$2" >&2
	say fuzz "$1 found something (above; all of it in $2)
     again:  build/fuzz/fuzz/fuzz_$1 ${input:-(no input was written)}
     once it is mended, put that input into tests/fuzz/corpus/$1: every ./dev test replays what is there"
}

# The golden samples of the contract as seeds.
fuzz_seeds() { # target, directory
	local sample name
	for sample in "$ROOT"/proto/golden/*.json; do
		name=$(basename "$sample" .json)
		case $1 in
		message) { echo "$name" && cat "$sample"; } >"$2/$name" ;;
		envelope) ! grep -q '"specversion"' "$sample" || cp "$sample" "$2/$name" ;;
		esac
	done
	[[ $1 != envelope ]] || jq -s . "$2"/order.*.v1 >"$2/batch"
}

# For ./dev test: a second per target, from the seeds.
fuzz_briefly() {
	local directory status=0
	fuzz_build "${FUZZ_TARGETS[@]}"
	directory=$(mktemp -d "$ROOT/.local/test-fuzz-XXXXXX")
	process_record $$ "$directory/owner"
	fuzz_all "$directory" 4 "${FUZZ_TARGETS[@]}" || status=$?
	rm -rf "$directory"
	return "$status"
}
