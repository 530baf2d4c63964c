# The seven parts of a stack, and the operations on them. Each part defines functions named after it:
#   _run      execute the part (required)           _ready    is it ready? (required)
#   _prepare  write its files before each start     _before / _after   around each run, in the supervisor
# The four programs share one set, program_*.
# shellcheck shell=bash

PARTS_SERVERS=(rabbitmq postgres redis) # and more nodes of RabbitMQ, if the stack has them: brokers.sh
PARTS=("${PARTS_SERVERS[@]}" "${PROGRAMS[@]}")
declare -A PART_STARTED=() # start time by part

part_check() {
	[[ " ${PARTS[*]} " == *" $1 "* ]] || usage_error "there is no part \"$1\"; the parts are: ${PARTS[*]}"
}

part_is_program() {
	[[ " ${PROGRAMS[*]} " == *" $1 "* ]]
}

part_do() { # action, part: calls the part's function, if it has one
	local function=${2}_$1
	if part_is_program "$2"; then function=program_$1; fi
	if [[ $2 == rabbitmq-* ]]; then function=rabbitmq_$1; fi
	! declare -F "$function" >/dev/null || "$function" "$2"
}

part_pid() {
	process_pid "$STACK/run/$1.pid"
}

part_is_supervised() {
	process_pid "$STACK/run/$1.supervisor" >/dev/null
}

part_port() {
	case $1 in
	rabbitmq*) rabbitmq_port AMQP "$1" ;;
	postgres) echo "$COMANDA_POSTGRES_PORT" ;;
	redis) echo "$COMANDA_REDIS_PORT" ;;
	edge-http) echo "$COMANDA_HTTP_PORT" ;;
	*) program_admin_port "$1" ;;
	esac
}

part_address() {
	case $1 in
	edge-http) echo "http://127.0.0.1:$COMANDA_HTTP_PORT" ;;
	*) echo "127.0.0.1:$(part_port "$1")" ;;
	esac
}

part_restarts() {
	cat "$STACK/run/$1.restarts" 2>/dev/null || echo 0
}

# Sends the part its signal for an orderly stop.
part_signal() { # part, [pid]
	local pid=${2:-} signal=${1//-/_}_signal
	[[ -n $pid ]] || pid=$(part_pid "$1") || return 0
	kill -"${!signal:-TERM}" "$pid" 2>/dev/null || true
	kill -CONT "$pid" 2>/dev/null || true # a stopped process does not handle signals
}

# Seconds that an orderly stop may take. The broker and the database flush data first.
part_stop_timeout() {
	case $1 in
	rabbitmq* | postgres) echo 60 ;;
	*) echo 15 ;;
	esac
}

part_is_gone() {
	! part_is_supervised "$1" && ! part_pid "$1" >/dev/null
}

# Returns when the part and its supervisor have ended.
part_stop() {
	local supervisor until=$((SECONDS + $(part_stop_timeout "$1")))
	if supervisor=$(process_pid "$STACK/run/$1.supervisor"); then
		kill -TERM "$supervisor" 2>/dev/null || true
		kill -CONT "$supervisor" 2>/dev/null || true
	else
		part_signal "$1"
	fi
	until part_is_gone "$1"; do
		if ((SECONDS >= until)); then
			say "$1" "did not stop within $(part_stop_timeout "$1") s: killed"
			process_end "$STACK/run/$1.pid" 0
			process_end "$STACK/run/$1.supervisor" 1
		fi
		sleep 0.05
	done
	rm -f "$STACK/run/$1.pid" "$STACK/run/$1.supervisor"
}

part_start() { # part, [NAME=VALUE…]: settings for a program, until its next start by hand
	local part=$1
	shift
	rm -f "$STACK/settings/$part"
	(($# == 0)) || printf '%s\n' "$@" >"$STACK/settings/$part"
	PART_STARTED[$part]=$EPOCHREALTIME
	part_do prepare "$part"
	supervisor_start "$part"
}

# Waits until all given parts are ready. On failure, prints the end of the log of the part that is not.
parts_await() { # seconds, parts
	local until=$((SECONDS + $1)) since=$EPOCHREALTIME part waiting
	shift
	while (($#)); do
		waiting=()
		for part in "$@"; do
			if part_do ready "$part" 2>/dev/null; then
				say "$part" "ready at $(part_address "$part") ($(elapsed "${PART_STARTED[$part]:-$since}"))"
			else
				waiting+=("$part")
				part_check_alive "$part" "$until"
			fi
		done
		set -- "${waiting[@]}"
		(($# == 0)) || sleep 0.1
	done
}

part_check_alive() { # part, time by which it should be ready
	if (($(part_restarts "$1") >= 4)); then
		part_fail "$1" 'exits again and again right after its start'
	elif ((SECONDS >= $2)); then
		part_fail "$1" 'is not ready in time'
	elif ! part_is_supervised "$1"; then
		part_fail "$1" 'was stopped by another ./dev meanwhile'
	fi
}

part_fail() {
	tail -n 20 "$STACK/log/$1.log" >&2 || true
	! part_is_program "$1" || program_missing "$1" >&2
	die "$1 $2. Above are the last lines of its log,
     $STACK/log/$1.log"
}
