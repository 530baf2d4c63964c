# A private RabbitMQ with its own node, cookie, port mapper and ports, all on loopback.
# shellcheck shell=bash

RABBITMQ_ADMIN=comanda # the account for the management UI; guest does not exist

# An address, not a name, so that no name server is needed.
rabbitmq_node() { # part
	echo "comanda${1#rabbitmq}@127.0.0.1"
}

rabbitmq_port() { # AMQP | MANAGEMENT | DIST | BROKER_METRICS, part
	local number=${2#rabbitmq} variable
	variable=COMANDA_${1}_PORT${number/-/_}
	echo "${!variable}"
}

rabbitmq_prepare() { # part
	local home=$STACK/$1
	mkdir -p "$home"
	echo '[rabbitmq_management, rabbitmq_prometheus].' >"$home/enabled_plugins"
	(
		umask 077
		[[ -e $home/.erlang.cookie ]] || printf '%s' "$ERLANG_COOKIE" >"$home/.erlang.cookie"
		{
			cat "$ROOT/compose/rabbitmq.conf"
			cat <<-END

				# Added by ./dev
				listeners.tcp.local = 127.0.0.1:$(rabbitmq_port AMQP "$1")
				management.tcp.ip = 127.0.0.1
				management.tcp.port = $(rabbitmq_port MANAGEMENT "$1")
				prometheus.tcp.ip = 127.0.0.1
				prometheus.tcp.port = $(rabbitmq_port BROKER_METRICS "$1")
				default_vhost = /
				default_user = $RABBITMQ_ADMIN
				default_pass = $BROKER_ADMIN_PASSWORD
			END
			brokers_configuration
		} >"$home/rabbitmq.conf"
	)
	chmod 400 "$home/.erlang.cookie"
}

rabbitmq_environment() { # part
	local home=$STACK/$1
	environment_only "SUPERVISED_IN=$STACK" "HOME=$home" \
		"ERL_EPMD_ADDRESS=127.0.0.1" "ERL_EPMD_PORT=$COMANDA_EPMD_PORT" \
		"RABBITMQ_USE_LONGNAME=true" "RABBITMQ_NODENAME=$(rabbitmq_node "$1")" \
		"RABBITMQ_DIST_PORT=$(rabbitmq_port DIST "$1")" \
		"RABBITMQ_CONF_ENV_FILE=$home/none" "RABBITMQ_CONFIG_FILE=$home/rabbitmq.conf" \
		"RABBITMQ_ADVANCED_CONFIG_FILE=$home/none.config" \
		"RABBITMQ_ENABLED_PLUGINS_FILE=$home/enabled_plugins" \
		"RABBITMQ_MNESIA_BASE=$home/data" "RABBITMQ_LOG_BASE=$home/log" "RABBITMQ_LOGS=-"
}

# The part starts the port mapper itself, so that it can end it: RabbitMQ would leave it running. The nodes of a cluster share
# it, so that it ends with the last of them (stack_sweep finds it if all are killed).
rabbitmq_before() { # part
	(
		flock 9
		process_pid "$STACK/run/epmd.pid" >/dev/null && exit
		(
			rabbitmq_environment "$1"
			((${#BROKERS[@]} > 1)) || exec setpriv --pdeathsig KILL epmd -address 127.0.0.1 -port "$COMANDA_EPMD_PORT"
			exec epmd -address 127.0.0.1 -port "$COMANDA_EPMD_PORT"
		) 9>&- &
		process_record $! "$STACK/run/epmd.pid" || true
	) 9>"$STACK/run/epmd.lock"
}

rabbitmq_run() { # part
	rabbitmq_environment "$1"
	# Two schedulers without busy waiting are enough on a desktop. With RUNNING_UNDER_SYSTEMD the start script executes
	# the broker instead of staying its parent, so that signals reach the broker itself.
	export RABBITMQ_SERVER_ADDITIONAL_ERL_ARGS="+S 2:2 +sbwt none +sbwtdcpu none +sbwtdio none -kernel inet_dist_use_interface {127,0,0,1}"
	export RUNNING_UNDER_SYSTEMD=true
	exec setpriv --pdeathsig TERM /usr/lib/rabbitmq/bin/rabbitmq-server
}

rabbitmq_after() { # part
	local part
	for part in "${BROKERS[@]}"; do
		[[ $part == "$1" ]] || ! part_is_supervised "$part" || return 0
	done
	process_end "$STACK/run/epmd.pid" 2
	rm -f "$STACK/run/epmd.pid"
}

rabbitmq_ready() { # part
	port_listening "$(rabbitmq_port AMQP "$1")" && port_listening "$(rabbitmq_port MANAGEMENT "$1")" &&
		rabbitmq_api /api/health/checks/local-alarms "$1" >/dev/null
}

rabbitmq_url() { # of the admin at the first node, without a vhost
	echo "amqp://$RABBITMQ_ADMIN:$BROKER_ADMIN_PASSWORD@127.0.0.1:$COMANDA_AMQP_PORT"
}

rabbitmq_management_url() {
	echo "http://$RABBITMQ_ADMIN:$BROKER_ADMIN_PASSWORD@127.0.0.1:$COMANDA_MANAGEMENT_PORT"
}

rabbitmq_api() { # path, part, [curl's arguments]
	curl -sf --noproxy '*' --max-time 5 --config - "http://127.0.0.1:$(rabbitmq_port MANAGEMENT "$2")$1" "${@:3}" \
		<<<"user = \"$RABBITMQ_ADMIN:$BROKER_ADMIN_PASSWORD\""
}

# rabbitmqctl at the first node.
rabbitmq_ctl() {
	(
		rabbitmq_environment rabbitmq
		exec /usr/lib/rabbitmq/bin/rabbitmqctl "$@"
	)
}
