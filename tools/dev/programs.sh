# The four programs and their settings. Each gets only its own secrets.
# shellcheck shell=bash

PROGRAMS=(svc-users svc-products svc-orders edge-http)

program_bin() { # program
	echo "$ROOT/build/$(cat "$STACK/preset")/bin/$1"
}

# "svc-users" in variable names: SVC_USERS
program_upper() {
	local name=${1^^}
	echo "${name//-/_}"
}

program_admin_port() {
	local variable
	variable=COMANDA_$(program_upper "$1")_ADMIN_PORT
	echo "${!variable}"
}

program_broker_url() {
	local password
	password=BROKER_PASSWORD_$(program_upper "$1")
	echo "amqp://$1:${!password}@$(brokers_hosts)/comanda"
}

program_redis_url() {
	echo "redis://svc-products:$REDIS_PASSWORD_SVC_PRODUCTS@127.0.0.1:$COMANDA_REDIS_PORT/0"
}

program_database_url() { # svc-users
	postgres_url "${1//-/_}" "${1#svc-}"
}

program_migrations_url() { # svc-users
	postgres_url "migrate_${1#svc-}" "${1#svc-}"
}

# The settings of a program, one NAME=VALUE per line. Those of `./dev start|restart PART NAME=VALUE…` come last and win.
program_settings() {
	echo "COMANDA_ADMIN_PORT=$(program_admin_port "$1")"
	echo "COMANDA_BROKER_URL=$(program_broker_url "$1")"
	echo "COMANDA_LOG_LEVEL=info"
	# Tools and tests attach to the programs; root may always do that.
	((EUID == 0)) || echo "COMANDA_ALLOW_DEBUGGER=on"
	case $1 in
	svc-*) echo "COMANDA_DATABASE_URL=$(program_database_url "$1")" ;;&
	svc-users)
		echo "COMANDA_TOKEN_KEY_FILE=$STACK/token-key.pem"
		echo "COMANDA_FIRST_ADMIN_EMAIL=$FIRST_ADMIN_EMAIL"
		echo "COMANDA_FIRST_ADMIN_PASSWORD=$FIRST_ADMIN_PASSWORD"
		;;
	svc-products) echo "COMANDA_REDIS_URL=$(program_redis_url)" ;;
	edge-http)
		echo "COMANDA_HTTP_PORT=$COMANDA_HTTP_PORT"
		echo "COMANDA_LIMIT_EXEMPT=127.0.0.1"
		;;
	esac
	cat "$STACK/settings/$1" 2>/dev/null || true
}

# Sanitizers write their reports to files, which `./dev test` checks. Other builds ignore these settings.
program_sanitizer_settings() {
	local log=$STACK/sanitizer/$1
	echo "ASAN_OPTIONS=log_path=$log:detect_leaks=1:quarantine_size_mb=32:abort_on_error=0:strict_string_checks=1"
	echo "UBSAN_OPTIONS=log_path=$log:print_stacktrace=1:halt_on_error=1"
	echo "TSAN_OPTIONS=log_path=$log:second_deadlock_stack=1"
}

program_run() {
	local binary settings around
	binary=$(program_bin "$1")
	mapfile -t settings < <(program_settings "$1" && program_sanitizer_settings "$1")
	cd "$STACK"
	environment_only "SUPERVISED_IN=$STACK" "${settings[@]}"
	mapfile -t around < <(sanitizer_words "$(cat "$STACK/preset")")
	exec setpriv --pdeathsig TERM "${around[@]}" "$binary"
}

# The prefix of commands that run with a sanitizer, one word per line. ThreadSanitizer does not start if addresses are too
# random (vm.mmap_rnd_bits above 28).
sanitizer_words() { # preset
	[[ $1 != tsan ]] || ! setarch -R true 2>/dev/null || printf '%s\n' setarch -R
}

# Migrates the databases, each as the role that owns the tables. The programs do not get the password of this role.
programs_migrate() {
	local program pids=()
	for program in "${PROGRAMS[@]}"; do
		[[ $program == svc-* ]] || continue
		program_migrate "$program" >"$STACK/log/migrate-$program.log" 2>&1 &
		pids+=($!)
	done
	for program in "${pids[@]}"; do
		wait "$program" || {
			cat "$STACK"/log/migrate-*.log >&2
			die 'a database could not be migrated: its message is above'
		}
	done
	say migrate 'the databases are as this build needs them'
}

program_migrate() { # svc-users
	local settings around
	mapfile -t settings < <(program_settings "$1" && program_sanitizer_settings "$1")
	mapfile -t around < <(sanitizer_words "$(cat "$STACK/preset")")
	(
		environment_only "SUPERVISED_IN=$STACK" "${settings[@]}" "COMANDA_MIGRATIONS_URL=$(program_migrations_url "$1")"
		exec timeout 300 "${around[@]}" "$(program_bin "$1")" --migrate
	)
}

program_ready() {
	curl -sf --noproxy '*' --max-time 1 -o /dev/null "http://127.0.0.1:$(program_admin_port "$1")/readyz"
}

# The reason why it is not ready, if it reports one.
program_missing() {
	curl -s --noproxy '*' --max-time 1 "http://127.0.0.1:$(program_admin_port "$1")/readyz" | sed "s/^/$1: /" || true
}

# Runs the operator's command with the settings of this stack.
ctl() {
	(
		environment_only "HOME=${HOME:-/}" "TERM=${TERM:-dumb}" "USER=${USER:-$(id -un)}" \
			"COMANDA_MANAGEMENT_URL=$(rabbitmq_management_url)" \
			"COMANDA_VHOST=comanda" "COMANDA_BROKER_URL=$(program_broker_url operator)" \
			"COMANDA_DATABASE_URL_ORDERS=$(postgres_url comanda_operator orders)" \
			"COMANDA_DATABASE_URL_PRODUCTS=$(postgres_url comanda_operator products)" \
			"COMANDA_DATABASE_URL_USERS=$(postgres_url comanda_operator users)" \
			"COMANDA_SANDBOX_DATABASE_URL=$(postgres_url comanda_sandbox postgres)" \
			"COMANDA_BROKER_PASSWORD_OPERATOR=$BROKER_PASSWORD_OPERATOR" \
			"COMANDA_BROKER_PASSWORD_EDGE_HTTP=$BROKER_PASSWORD_EDGE_HTTP" \
			"COMANDA_BROKER_PASSWORD_SVC_USERS=$BROKER_PASSWORD_SVC_USERS" \
			"COMANDA_BROKER_PASSWORD_SVC_PRODUCTS=$BROKER_PASSWORD_SVC_PRODUCTS" \
			"COMANDA_BROKER_PASSWORD_SVC_ORDERS=$BROKER_PASSWORD_SVC_ORDERS"
		exec "$(program_bin comanda)" "$@"
	)
}
