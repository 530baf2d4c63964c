# The tests. Each round has its own stack below .local/ with its own ports, so it can run beside ./dev up and other rounds.
# COMANDA_STACK gives pytest the directory of the stack, whose file env has all addresses. Tests stop and start parts
# with ./dev --stack "$COMANDA_STACK" stop|start|restart PART.
# shellcheck shell=bash

TEST_COUNTS=() # the last line of each runner, printed again at the end
TEST_FAILED=   # the failures of all rounds

cmd_test() {
	local preset=dev
	case ${1:-} in --asan | --tsan) preset=${1#--} && shift ;; esac
	packages_install "${PACKAGES_BUILD[@]}" "${PACKAGES_RUN[@]}" "${PACKAGES_TEST[@]}"
	test_leftovers
	if (($#)); then
		test_round "$preset" only_pytest "$@"
	elif [[ $preset != dev ]]; then
		test_round "$preset" all
	else
		test_everything
	fi
	test_report
}

test_everything() {
	format_check
	build dev
	TEST_BACKGROUND_WANTED=yes
	test_round dev all -m 'not hostile'
	test_background_end
	# Under each sanitizer only some tests run here; ./dev test --asan and --tsan run all of them.
	test_round asan all -m 'sanitizer or hostile'
	test_round tsan all -m sanitizer
}

# Steps that need no stack run in the background of the first round, which mostly waits: the model, the other compiler's
# warnings, lint, a short fuzzing round, checks of the release programs, and the builds for the sanitizers' rounds.
TEST_BACKGROUND=(model clang lint fuzz shipped asan tsan)
TEST_BACKGROUND_DIRECTORY=
TEST_BACKGROUND_WANTED= # not empty: start it once the component tests have ended

test_background_begin() {
	TEST_BACKGROUND_DIRECTORY=$(mktemp -d "$ROOT/.local/test-background-XXXXXX")
	process_record $$ "$TEST_BACKGROUND_DIRECTORY/owner"
	setsid nice -n 10 "$ROOT/dev" test-background "$TEST_BACKGROUND_DIRECTORY" >"$TEST_BACKGROUND_DIRECTORY/log" 2>&1 &
	process_record $! "$TEST_BACKGROUND_DIRECTORY/pid"
}

# Runs in a session of its own, so that test_background_abandon can end all of its processes.
cmd_test-background() { # directory
	local step
	for step in "${TEST_BACKGROUND[@]}"; do
		case $step in
		model) ctest --test-dir "$ROOT/build/dev" --label-regex model --output-on-failure ;;
		lint) (lint) ;;
		fuzz) (fuzz_briefly) ;;
		shipped) (test_shipped) ;;
		*) (build "$step") ;;
		esac || echo "$step" >>"$1/failed"
	done
}

test_shipped() {
	build release "${PROGRAMS[@]}" comanda
	/usr/bin/python3 -m pytest -q "$ROOT/tests/security/shipped_binaries.py"
}

test_background_end() {
	local pid step
	TEST_BACKGROUND_WANTED=
	if pid=$(process_pid "$TEST_BACKGROUND_DIRECTORY/pid"); then
		say test 'waiting for the background steps: model, other compiler, lint, fuzzing, builds'
		wait "$pid" || true
	fi
	grep -Ev '^(\[[0-9]+/[0-9]+\]|ninja: )' "$TEST_BACKGROUND_DIRECTORY/log" || true
	while read -r step; do TEST_FAILED+=" $step"; done < <(cat "$TEST_BACKGROUND_DIRECTORY/failed" 2>/dev/null)
	rm -rf "$TEST_BACKGROUND_DIRECTORY"
	TEST_BACKGROUND_DIRECTORY=
}

test_background_abandon() { # directory
	local pid
	! pid=$(process_pid "$1/pid") || kill -TERM -- "-$pid" 2>/dev/null || true
	rm -rf "$1"
}

# Builds, starts a stack, runs the unit tests and pytest against it, takes it down.
test_round() { # preset, all | only_pytest, pytest arguments
	local preset=$1 which=$2
	shift 2
	build "$preset"
	test_begin "$preset"
	stack_start servers
	stack_unlock
	[[ $which == only_pytest ]] || test_ctest "$preset"
	[[ -z $TEST_BACKGROUND_WANTED ]] || test_background_begin
	stack_lock
	stack_start all
	stack_unlock
	test_pytest "$preset" "$@"
	test_end
}

# Unit tests, and component tests, which find RabbitMQ and the databases through the stack's env.
test_ctest() { # preset
	local env around elsewhere=()
	[[ -z $TEST_BACKGROUND_WANTED ]] || elsewhere=(--label-exclude model)
	mapfile -t env <"$STACK/env"
	mapfile -t around < <(sanitizer_words "$1")
	test_count "ctest $1" 'tests passed' test_with_env "${around[@]}" ctest --preset "$1" --parallel 2 "${elsewhere[@]}"
}

# Not with env(1): other users can read its arguments.
test_with_env() { # command; `env` is the caller's
	export "${env[@]}"
	exec "$@"
}

test_pytest() { # preset, pytest arguments
	local preset=$1 argument paths=("$ROOT/tests")
	shift
	for argument in "$@"; do
		[[ $argument == -* || ! -e ${argument%%::*} ]] || paths=()
	done
	# Debian's python3, because another one on PATH does not find Debian's modules.
	test_count "pytest $preset" ' in [0-9.]+s' env "COMANDA_STACK=$STACK" /usr/bin/python3 -m pytest -q "${paths[@]}" "$@"
}

# Runs a test runner and keeps its summary line.
test_count() { # name, pattern of that line, command
	local name=$1 pattern=$2 log status=0
	shift 2
	log=$STACK/log/${name/ /-}.log
	say test "$name"
	"$@" 2>&1 | tee "$log" || status=$?
	TEST_COUNTS+=("$(printf '%-13s %s' "$name" "$(grep -E "$pattern" "$log" | tail -n 1 || tail -n 1 "$log")")")
	((status == 0)) || TEST_FAILED+=" $name"
}

test_begin() { # preset
	mkdir -p "$ROOT/.local"
	STACK=$(mktemp -d "$ROOT/.local/test-$1-XXXXXX")
	TEST_FAILED_BEFORE=$TEST_FAILED
	process_record $$ "$STACK/owner"
	trap test_abandon EXIT
	trap 'exit 130' INT TERM HUP
	stack_create "$1"
}

# Stops the stack first: leaks are reported when a program ends.
test_end() {
	local report
	stack_lock
	stack_stop
	trap - EXIT INT TERM HUP
	for report in "$STACK"/sanitizer/*; do
		[[ -e $report ]] || continue
		head -n 60 "$report"
		TEST_FAILED+=" sanitizer:${report##*/}"
	done
	test_secrets_not_logged
	if [[ $TEST_FAILED != "$TEST_FAILED_BEFORE" ]]; then test_keep_logs; else stack_wipe; fi
	stack_unlock
}

# No log of the round may contain a secret of the stack or the token key. Logs of failed pytest runs are not searched, because
# pytest prints the variables of a failed test.
test_secrets_not_logged() {
	local name secret logs count=0 but=()
	[[ $TEST_FAILED == "$TEST_FAILED_BEFORE" ]] || but=(--exclude='pytest-*')
	while IFS='=' read -r name secret; do
		count=$((count + 1))
		logs=$(grep -rlF "${but[@]}" -e "$secret" "$STACK/log" || true)
		[[ -z $logs ]] || {
			say test "a log contains a secret: $name in ${logs//$'\n'/, }"
			TEST_FAILED+=" secret:$name"
		}
	done < <(cat "$STACK/secrets" && sed -n '/^[^-]/s/^/TOKEN_KEY=/p' "$STACK/token-key.pem")
	say test "$count secrets searched for in $(find "$STACK/log" -type f | wc -l) logs of this round"
}

# After Ctrl-C, or when something did not start.
test_abandon() {
	local status=$?
	trap - EXIT INT TERM HUP
	[[ -z $TEST_BACKGROUND_DIRECTORY ]] || test_background_abandon "$TEST_BACKGROUND_DIRECTORY"
	say test "ended early: stopping the stack"
	stack_stop
	if ((status == 130)); then stack_wipe; else test_keep_logs; fi
	exit "$status"
}

test_keep_logs() {
	local kept old
	kept=$ROOT/.local/failed-$(date +%Y%m%dT%H%M%S)-$(cat "$STACK/preset")
	mkdir -p "$kept"
	mv "$STACK"/log/* "$STACK"/sanitizer "$kept/"
	stack_wipe
	say test "the logs of what failed are kept in ${kept#"$ROOT"/}"
	find "$ROOT/.local" -maxdepth 1 -name 'failed-*' | sort | head -n -8 | while read -r old; do rm -rf "$old"; done
}

# Removes what a crash of an earlier ./dev test left.
test_leftovers() {
	local directory
	for directory in "$ROOT"/.local/test-*; do
		[[ -d $directory ]] || continue
		! process_pid "$directory/owner" >/dev/null || continue
		say test "removing the leftovers of an earlier run in ${directory#"$ROOT"/}"
		(
			STACK=$directory
			[[ -e $STACK/.comanda-stack ]] || {
				test_background_abandon "$STACK"
				exit
			}
			stack_stop
			stack_wipe
		)
	done
}

test_report() {
	printf '\n'
	printf '%s\n' "${TEST_COUNTS[@]}"
	[[ -z $TEST_FAILED ]] || die "failed:$TEST_FAILED"
}
