# The ports of a stack. `up` has fixed ports, different from the servers' well-known ports and below the ephemeral range.
# Other stacks (tests) use a free block. The stack's directory stores the ports.
# shellcheck shell=bash

# variable                      default  part          purpose
PORTS='
COMANDA_HTTP_PORT               8080     edge-http     the REST API
COMANDA_AMQP_PORT               5680     rabbitmq      RabbitMQ
COMANDA_MANAGEMENT_PORT         15680    rabbitmq      the management UI of RabbitMQ
COMANDA_DIST_PORT               25680    rabbitmq      RabbitMQ and its tools among themselves
COMANDA_EPMD_PORT               4380     rabbitmq      the Erlang port mapper of RabbitMQ
COMANDA_POSTGRES_PORT           5440     postgres      PostgreSQL
COMANDA_REDIS_PORT              6390     redis         Redis
COMANDA_EDGE_HTTP_ADMIN_PORT    9080     edge-http     health and metrics of edge-http
COMANDA_SVC_USERS_ADMIN_PORT    9081     svc-users     health and metrics of svc-users
COMANDA_SVC_PRODUCTS_ADMIN_PORT 9082     svc-products  health and metrics of svc-products
COMANDA_SVC_ORDERS_ADMIN_PORT   9083     svc-orders    health and metrics of svc-orders
COMANDA_BROKER_METRICS_PORT     15692    rabbitmq      metrics of RabbitMQ
'

ports_add() { # variable, default, part, text
	[[ $PORTS == *$'\n'"$1 "* ]] || PORTS+="$1 $2 $3 $4"$'\n'
}

ports_each() { # function: called with variable, default, part and text of each port
	local variable default part text
	while read -r variable default part text; do
		[[ -z $variable ]] || "$1" "$variable" "$default" "$part" "$text"
	done <<<"$PORTS"
}

port_listening() { # port: does a process listen on it?
	awk -v port="$(printf ':%04X' "$1")" \
		'$4 == "0A" && substr($2, length($2) - 4) == port { found = 1 } END { exit !found }' \
		/proc/net/tcp /proc/net/tcp6 2>/dev/null
}

# Chooses the ports of a stack before its start: from the environment, else from the stored ports, else the default.
ports_choose() {
	local file=$STACK/ports
	if [[ $STACK != "$DEFAULT_STACK" || -n ${COMANDA_PORT_BASE:-} ]]; then
		[[ -e $file && -z ${COMANDA_PORT_BASE:-} ]] || ports_block "${COMANDA_PORT_BASE:-}" >"$file.new"
	else
		ports_each ports_choose_one >"$file.new"
	fi
	[[ ! -e $file.new ]] || mv "$file.new" "$file"
	ports_load
}

# A running stack keeps its ports; the environment has no effect.
ports_keep() {
	local wanted
	wanted=$(ports_each ports_print_wanted)
	ports_load
	[[ -z $wanted ]] || ports_each ports_keep_one
}

ports_print_wanted() {
	[[ -z ${!1:-} ]] || echo "$1=${!1}"
}

ports_keep_one() {
	[[ $'\n'$wanted$'\n' != *$'\n'"$1="* || $'\n'$wanted$'\n' == *$'\n'"$1=${!1}"$'\n'* ]] ||
		say "$3" "stays on port ${!1} while it is up: $1 counts at the next start, after ./dev down"
}

ports_choose_one() {
	local variable=$1 port=$2 remembered
	remembered=$(sed -n "s/^$variable=//p" "$STACK/ports" 2>/dev/null || true)
	port=${!variable:-${remembered:-$port}}
	[[ $port =~ ^[1-9][0-9]{0,4}$ && $port -lt 65536 ]] || die "$variable=$port is not a port: give a number from 1 to 65535"
	echo "$variable=$port"
}

# Consecutive ports from the given base, or from a base where all are free.
ports_block() {
	local next=${1:-$(ports_free_base)}
	ports_each ports_number
}

ports_number() {
	echo "$1=$((next++))"
}

ports_free_base() {
	local base port try
	for ((try = 0; try < 100; try++)); do
		base=$((20000 + RANDOM % 200 * 20))
		for ((port = base; port < base + 20; port++)); do
			! port_listening "$port" || continue 2
		done
		echo "$base"
		return
	done
	die 'found no 20 free ports in a row between 20000 and 24000; set COMANDA_PORT_BASE to the first of 12 free ones'
}

# Sets the variables of the stack's ports. They replace those of the caller's environment.
ports_load() {
	local line
	[[ -e $STACK/ports ]] || return 1
	while read -r line; do declare -g "${line?}"; done <"$STACK/ports"
}

ports_check_free() { # fails if another process uses a port of the stack
	ports_each ports_check_one
}

ports_check_one() {
	local variable=$1 part=$3 text=$4 who
	if part_pid "$part" >/dev/null || ! port_listening "${!variable}"; then return; fi
	who=$(port_owner "${!variable}")
	die "port ${!variable}, for $text, is taken${who:+ by $who}.
     Stop that, or choose another port: $variable=$((${!variable} + 10)) ./dev up
     (or all of them at once: COMANDA_PORT_BASE=21000 ./dev up)"
}

port_owner() { # "name (pid 123)", if it is visible to this user
	local inode link pid
	inode=$(awk -v port="$(printf ':%04X' "$1")" \
		'$4 == "0A" && substr($2, length($2) - 4) == port { print $10; exit }' /proc/net/tcp /proc/net/tcp6 2>/dev/null)
	link=$(find /proc/[0-9]*/fd -lname "socket:\\[$inode\\]" -print -quit 2>/dev/null || true)
	[[ -n $inode && -n $link ]] || return 0
	pid=${link#/proc/}
	pid=${pid%%/*}
	echo "$(<"/proc/$pid/comm") (pid $pid)"
}
