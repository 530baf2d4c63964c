# A stack: the seven parts with their ports, secrets, data and logs, all in one directory. `up` uses .local/up. Each test run
# has its own. In the directory:
#   env       all addresses and credentials as NAME=VALUE lines, for tests and tools       ports, secrets, token-key.pem
#   run/      pid files                   log/  one log per part, and supervisor.log           settings/  of ./dev start PART NAME=VALUE
#   preset    the build it runs           sanitizer/  reports                              rabbitmq/, postgresql/, redis/  data
# shellcheck shell=bash

FIRST_ADMIN_EMAIL=admin@comanda.local

stack_create() { # preset, [number of broker nodes]
	mkdir -p "$STACK"/{run,log,settings,sanitizer} || die "cannot write $STACK"
	[[ -O $STACK ]] || die "$STACK belongs to $(stat -c %U "$STACK"): run ./dev as that user, or remove the stack as that user
     (./dev down --wipe)"
	chmod 700 "$STACK"
	touch "$STACK/.comanda-stack"
	stack_lock
	echo "$1" >"$STACK/preset"
	brokers_choose "${2:-}"
	stack_secrets
	if stack_any_supervised; then ports_keep; else ports_choose; fi
}

# Every stack but that of ./dev up. These also have what component tests need.
stack_is_for_tests() {
	[[ $STACK != "$DEFAULT_STACK" ]]
}

stack_exists() {
	[[ -e $STACK/.comanda-stack && -e $STACK/ports && -e $STACK/secrets ]]
}

# Loads the ports and secrets of the stack into variables.
stack_open() {
	stack_exists || die "$STACK was never started: run ./dev up"
	[[ -r $STACK/secrets ]] || die "$STACK belongs to $(stat -c %U "$STACK"): run this as that user"
	brokers_load
	ports_load
	stack_secrets_load
}

# Only one ./dev at a time changes a stack.
stack_lock() {
	exec {STACK_LOCK}>"$STACK/lock"
	flock -n "$STACK_LOCK" && return
	say dev "waiting for another ./dev that uses $STACK"
	flock -w 600 "$STACK_LOCK" || die "another ./dev has used $STACK for 10 minutes: fuser $STACK/lock shows it"
}

stack_unlock() {
	exec {STACK_LOCK}>&-
	STACK_LOCK=
}

stack_secrets() {
	local name program
	local names=(ERLANG_COOKIE BROKER_ADMIN_PASSWORD REDIS_PASSWORD FIRST_ADMIN_PASSWORD DATABASE_PASSWORD_COMPONENT
		BROKER_PASSWORD_OPERATOR DATABASE_PASSWORD_COMANDA_OPERATOR DATABASE_PASSWORD_COMANDA_SANDBOX)
	for program in "${PROGRAMS[@]}"; do
		names+=("BROKER_PASSWORD_$(program_upper "$program")")
		[[ $program != svc-* ]] || names+=("DATABASE_PASSWORD_$(program_upper "$program")"
			"DATABASE_PASSWORD_MIGRATE_$(program_upper "${program#svc-}")")
	done
	names+=(REDIS_PASSWORD_SVC_PRODUCTS)
	(
		umask 077
		for name in "${names[@]}"; do
			grep -qs "^$name=" "$STACK/secrets" || echo "$name=$(od -An -N 18 -tx1 /dev/urandom | tr -d ' \n')" >>"$STACK/secrets"
		done
		[[ -s $STACK/token-key.pem ]] ||
			openssl genpkey -algorithm EC -pkeyopt ec_paramgen_curve:P-256 -out "$STACK/token-key.pem" 2>/dev/null
	)
	stack_secrets_load
}

stack_secrets_load() {
	local line
	while read -r line; do declare -g "${line?}"; done <"$STACK/secrets"
}

# All addresses and credentials, for tests and tools. The file is readable by its owner only.
stack_write_env() {
	(
		umask 077
		{
			stack_env
			! stack_is_for_tests || stack_env_component
		} >"$STACK/env"
	)
}

stack_env() {
	local program service
	echo "COMANDA_STACK=$STACK"
	echo "COMANDA_BIN=$(dirname "$(program_bin comanda)")"
	echo "COMANDA_URL=http://127.0.0.1:$COMANDA_HTTP_PORT"
	cat "$STACK/ports"
	echo "COMANDA_MANAGEMENT_URL=$(rabbitmq_management_url)"
	echo "COMANDA_BROKER_URL=$(rabbitmq_url)/comanda"
	echo "COMANDA_VHOST=comanda"
	echo "COMANDA_BROKERS=${BROKERS[*]}"
	echo "COMANDA_BROKER_URL_OPERATOR=$(program_broker_url operator)"
	echo "COMANDA_SANDBOX_DATABASE_URL=$(postgres_url comanda_sandbox postgres)"
	for service in "${POSTGRES_SERVICES[@]}"; do
		echo "COMANDA_OPERATOR_DATABASE_URL_${service^^}=$(postgres_url comanda_operator "$service")"
	done
	echo "COMANDA_REDIS_URL=$(program_redis_url)"
	echo "COMANDA_POSTGRES_SOCKET=$(postgres_socket)"
	echo "COMANDA_TOKEN_KEY_FILE=$STACK/token-key.pem"
	echo "COMANDA_FIRST_ADMIN_EMAIL=$FIRST_ADMIN_EMAIL"
	echo "COMANDA_FIRST_ADMIN_PASSWORD=$FIRST_ADMIN_PASSWORD"
	sed -n 's/^BROKER_PASSWORD_/COMANDA_&/p' "$STACK/secrets"
	for program in "${PROGRAMS[@]}"; do
		echo "COMANDA_BROKER_URL_$(program_upper "$program")=$(program_broker_url "$program")"
		[[ $program == svc-* ]] || continue
		echo "COMANDA_DATABASE_URL_$(program_upper "$program")=$(program_database_url "$program")"
		echo "COMANDA_MIGRATIONS_URL_$(program_upper "$program")=$(program_migrations_url "$program")"
	done
}

# For the component tests: a broker where they may create vhosts, and a scratch database.
stack_env_component() {
	echo "COMANDA_TEST_BROKER_URL=$(rabbitmq_url)/"
	echo "COMANDA_TEST_MANAGEMENT_URL=$(rabbitmq_management_url)"
	echo "COMANDA_TEST_RABBITMQCTL=$(printf '%q --stack %q stack rabbitmqctl' "$ROOT/dev" "$STACK")"
	echo "COMANDA_TEST_DATABASE_URL=$(postgres_url component component)"
	echo "COMANDA_TEST_REDIS_URL=$(redis_url)"
}

# Starts the parts that do not run, and waits until all are ready.
stack_start() { # servers | all
	stack_recover
	ports_check_free
	stack_write_env
	# At their first start the other nodes join the first one. Later they wait for each other.
	! brokers_are_new || stack_start_parts 120 rabbitmq
	stack_start_parts 180 "${PARTS_SERVERS[@]}"
	postgres_provision
	[[ $1 == all ]] || return 0
	stack_topology
	programs_migrate
	stack_start_parts 60 "${PROGRAMS[@]}"
}

stack_start_parts() { # seconds, parts
	local timeout=$1 part started=()
	shift
	for part in "$@"; do
		part_is_supervised "$part" && part_do ready "$part" 2>/dev/null && continue
		started+=("$part")
		part_is_supervised "$part" && part_pid "$part" >/dev/null && continue
		say "$part" 'starting'
		part_start "$part"
	done
	parts_await "$timeout" "${started[@]}"
}

stack_topology() {
	ctl topology apply >"$STACK/log/topology.log" 2>&1 || {
		cat "$STACK/log/topology.log" >&2
		die 'comanda topology apply failed: its message is above'
	}
	brokers_mirror_requests
	say topology 'exchanges, queues, policies and permissions are on the broker'
}

stack_any_supervised() {
	local part
	for part in "${PARTS[@]}"; do
		! part_is_supervised "$part" || return 0
	done
	return 1
}

stack_all_ready() {
	local part
	for part in "${PARTS[@]}"; do
		part_is_supervised "$part" && part_do ready "$part" 2>/dev/null || return 1
	done
}

# Stops the programs first, so that they can close their connections; then the servers, in parallel.
stack_stop() {
	stack_stop_parts "${PROGRAMS[@]}"
	stack_stop_parts "${PARTS_SERVERS[@]}"
	stack_sweep
}

stack_stop_parts() {
	local part pids=()
	for part in "$@"; do
		part_is_gone "$part" && continue
		(
			part_stop "$part"
			say "$part" 'stopped'
		) &
		pids+=($!)
	done
	((${#pids[@]} == 0)) || wait "${pids[@]}"
}

# Before a start: stops parts that run without a supervisor after a crash.
stack_recover() {
	local part
	for part in "${PARTS[@]}"; do
		part_is_supervised "$part" || ! part_pid "$part" >/dev/null && continue
		say "$part" 'runs without a supervisor after a crash: stopping it first'
		part_stop "$part"
	done
	stack_any_supervised || stack_sweep
}

# Ends processes of this stack without a pid file. Each has SUPERVISED_IN in its environment.
stack_sweep() {
	local pids signal=TERM until=$((SECONDS + 15))
	while mapfile -t pids < <(stack_processes) && ((${#pids[@]})); do
		((SECONDS < until)) || signal=KILL
		kill -"$signal" "${pids[@]}" 2>/dev/null || true
		sleep 0.3
	done
}

stack_processes() {
	grep -lzxF -- "SUPERVISED_IN=$STACK" /proc/[0-9]*/environ 2>/dev/null | cut -d/ -f3 || true
}

stack_wipe() {
	[[ -e $STACK/.comanda-stack ]] || die "$STACK is not the directory of a stack: not removed"
	postgres_wipe
	rm -rf "$STACK"
}
