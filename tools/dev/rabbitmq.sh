# A private RabbitMQ: its own node, cookie, port mapper and ports, all on loopback.
# shellcheck shell=bash

# The address, not a name: works where nothing resolves.
RABBITMQ_NODE=comanda@127.0.0.1
RABBITMQ_ADMIN=comanda # the account for the management UI; there is no guest

rabbitmq_prepare() {
	local home=$STACK/rabbitmq
	mkdir -p "$home"
	echo '[rabbitmq_management, rabbitmq_prometheus].' >"$home/enabled_plugins"
	(
		umask 077
		[[ -e $home/.erlang.cookie ]] || printf '%s' "$ERLANG_COOKIE" >"$home/.erlang.cookie"
		{
			cat "$ROOT/compose/rabbitmq.conf"
			cat <<-END

				# Added by ./dev
				listeners.tcp.local = 127.0.0.1:$COMANDA_AMQP_PORT
				management.tcp.ip = 127.0.0.1
				management.tcp.port = $COMANDA_MANAGEMENT_PORT
				prometheus.tcp.ip = 127.0.0.1
				prometheus.tcp.port = $COMANDA_BROKER_METRICS_PORT
				default_vhost = /
				default_user = $RABBITMQ_ADMIN
				default_pass = $BROKER_ADMIN_PASSWORD
			END
		} >"$home/rabbitmq.conf"
	)
	chmod 400 "$home/.erlang.cookie"
}

rabbitmq_environment() {
	local home=$STACK/rabbitmq
	environment_only "KEPT_IN=$STACK" "HOME=$home" \
		"ERL_EPMD_ADDRESS=127.0.0.1" "ERL_EPMD_PORT=$COMANDA_EPMD_PORT" \
		"RABBITMQ_USE_LONGNAME=true" "RABBITMQ_NODENAME=$RABBITMQ_NODE" \
		"RABBITMQ_DIST_PORT=$COMANDA_DIST_PORT" \
		"RABBITMQ_CONF_ENV_FILE=$home/none" "RABBITMQ_CONFIG_FILE=$home/rabbitmq.conf" \
		"RABBITMQ_ADVANCED_CONFIG_FILE=$home/none.config" \
		"RABBITMQ_ENABLED_PLUGINS_FILE=$home/enabled_plugins" \
		"RABBITMQ_MNESIA_BASE=$home/data" "RABBITMQ_LOG_BASE=$home/log" "RABBITMQ_LOGS=-"
}

# The port mapper is ours to start, so that it is ours to end: left to RabbitMQ, it would stay behind.
rabbitmq_before() {
	process_pid "$STACK/run/epmd.pid" >/dev/null && return
	(
		rabbitmq_environment
		exec setpriv --pdeathsig KILL epmd -address 127.0.0.1 -port "$COMANDA_EPMD_PORT"
	) &
	process_note $! "$STACK/run/epmd.pid" || true
}

rabbitmq_run() {
	rabbitmq_environment
	# Two schedulers that do not spin while idle are plenty on a desk. RUNNING_UNDER_SYSTEMD makes the start script
	# become the broker instead of staying as its parent, so that our signals reach the broker itself.
	export RABBITMQ_SERVER_ADDITIONAL_ERL_ARGS="+S 2:2 +sbwt none +sbwtdcpu none +sbwtdio none -kernel inet_dist_use_interface {127,0,0,1}"
	export RUNNING_UNDER_SYSTEMD=true
	exec setpriv --pdeathsig TERM /usr/lib/rabbitmq/bin/rabbitmq-server
}

rabbitmq_after() {
	process_end "$STACK/run/epmd.pid" 2
	rm -f "$STACK/run/epmd.pid"
}

rabbitmq_ready() {
	port_listening "$COMANDA_AMQP_PORT" && port_listening "$COMANDA_MANAGEMENT_PORT" &&
		rabbitmq_api /api/health/checks/local-alarms >/dev/null
}

rabbitmq_url() { # of the admin, without a vhost
	echo "amqp://$RABBITMQ_ADMIN:$BROKER_ADMIN_PASSWORD@127.0.0.1:$COMANDA_AMQP_PORT"
}

rabbitmq_management_url() {
	echo "http://$RABBITMQ_ADMIN:$BROKER_ADMIN_PASSWORD@127.0.0.1:$COMANDA_MANAGEMENT_PORT"
}

rabbitmq_api() { # path
	curl -sf --noproxy '*' --max-time 5 --config - "http://127.0.0.1:$COMANDA_MANAGEMENT_PORT$1" \
		<<<"user = \"$RABBITMQ_ADMIN:$BROKER_ADMIN_PASSWORD\""
}

# The broker's own tool, for this broker.
rabbitmq_ctl() {
	(
		rabbitmq_environment
		exec /usr/lib/rabbitmq/bin/rabbitmqctl "$@"
	)
}
