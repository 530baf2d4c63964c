# The supervisor: one process per part. It runs the part as its child, records pid and restarts, and restarts the part when it
# dies. TERM stops both. A stopped part has no supervisor, so nothing starts it again. If the supervisor is killed, the kernel
# sends the part a signal to stop (see --pdeathsig in each part's _run).
# shellcheck shell=bash

SUPERVISOR_LOG_BYTES=$((32 << 20)) # a start rotates the part's log if it is larger
SUPERVISOR_STEADY_SECONDS=30       # after so long a run the next restart is immediate; else the pause doubles, up to 10 s

# Starts a part under its own supervisor. Returns when the supervisor runs.
supervisor_start() { # part
	local supervisor=$STACK/run/$1.supervisor until=$((SECONDS + 10))
	part_stop "$1" # a crash may have left a process
	echo 0 >"$STACK/run/$1.restarts"
	(
		environment_only "SUPERVISED_IN=$STACK"
		exec setsid "$ROOT/dev" --stack "$STACK" stack supervise "$1"
	) </dev/null >>"$STACK/log/supervisor.log" 2>&1 {STACK_LOCK}>&- &
	until process_pid "$supervisor" >/dev/null; do
		((SECONDS < until)) || die "the supervisor of $1 did not start: see $STACK/log/supervisor.log"
		sleep 0.02
	done
}

# The supervisor's main loop, in a process of its own.
supervisor_run() { # part
	local part=$1 status pause=200 began
	supervisor_child='' supervisor_stopping=
	process_record $$ "$STACK/run/$part.supervisor"
	ulimit -Sn 65536 2>/dev/null || ulimit -Sn "$(ulimit -Hn)" # a desktop's limit of 1024 files is too low for a broker
	trap '' HUP INT
	# shellcheck disable=SC2064 # the part is fixed
	trap "supervisor_on_term $part" TERM
	while [[ -z $supervisor_stopping ]]; do
		began=$SECONDS
		supervisor_rotate_log "$STACK/log/$part.log"
		status=0
		supervisor_run_once "$part" || status=$?
		[[ -z $supervisor_stopping ]] || break
		((SECONDS - began < SUPERVISOR_STEADY_SECONDS)) || pause=200
		supervisor_restarted "$part" "$status" $((SECONDS - began)) $pause
		supervisor_pause $pause
		pause=$((pause * 2 > 10000 ? 10000 : pause * 2))
	done
	part_do after "$part"
	rm -f "$STACK/run/$part.supervisor"
}

supervisor_run_once() {
	local status=0
	part_do before "$1"
	(
		trap - HUP INT TERM
		part_do run "$1"
	) >>"$STACK/log/$1.log" 2>&1 &
	supervisor_child=$!
	process_record $! "$STACK/run/$1.pid" || true
	[[ -z $supervisor_stopping ]] || part_signal "$1" "$supervisor_child"
	while :; do                                                    # a signal to the supervisor interrupts wait
		wait "$supervisor_child" 2>/dev/null && status=0 || status=$? # suppresses the shell's "Killed"
		process_identity "$supervisor_child" >/dev/null || break
	done
	supervisor_child=''
	rm -f "$STACK/run/$1.pid"
	return "$status"
}

supervisor_on_term() {
	supervisor_stopping=yes
	[[ -z $supervisor_child ]] || part_signal "$1" "$supervisor_child"
}

supervisor_restarted() { # part, status, seconds it ran, pause in ms
	local count how="exit status $2"
	count=$(($(cat "$STACK/run/$1.restarts" 2>/dev/null || echo 0) + 1))
	echo "$count" >"$STACK/run/$1.restarts"
	(($2 <= 128)) || how="signal $(kill -l "$2" 2>/dev/null || echo $(($2 - 128)))"
	printf '%(%FT%TZ)T %s ended with %s after %s: restarted in %d ms (restart %d)\n' \
		-1 "$1" "$how" "$(duration "$3")" "$4" "$count"
}

supervisor_pause() { # ms; a TERM cuts it short
	sleep "$(($1 / 1000)).$(printf '%03d' $(($1 % 1000)))" &
	wait $! || true
}

supervisor_rotate_log() {
	local bytes
	bytes=$(stat -c %s "$1" 2>/dev/null || echo 0)
	((bytes < SUPERVISOR_LOG_BYTES)) || mv "$1" "$1.1"
}
