# The RabbitMQ nodes of a stack: one, or a cluster on this machine (./dev up --brokers 3). The first is the part `rabbitmq`,
# the others are `rabbitmq-2` and so on. Each has its own data and ports; all share one port mapper. The stack's directory
# stores the number.
# shellcheck shell=bash

BROKERS=(rabbitmq)

brokers_choose() { # number of nodes; empty: as before, one for a new stack
	local file=$STACK/brokers known
	known=$(cat "$file" 2>/dev/null || echo 1)
	if [[ -n $1 ]]; then
		[[ $1 =~ ^[1357]$ ]] || usage_error "--brokers takes 1, 3, 5 or 7, not \"$1\": an even number survives no more deaths than one less"
		[[ $1 == "$known" || ! -e $STACK/rabbitmq/data ]] ||
			die "this stack has $known broker node(s), and its queues stand on those: ./dev down --wipe, then ./dev up --brokers $1"
		echo "$1" >"$file"
	fi
	brokers_load
}

# Adds the nodes to the parts of the stack.
brokers_load() {
	local count number
	count=$(cat "$STACK/brokers" 2>/dev/null || echo 1)
	BROKERS=(rabbitmq)
	for ((number = 2; number <= count; number++)); do
		BROKERS+=("rabbitmq-$number")
		ports_add "COMANDA_AMQP_PORT_$number" $((5679 + number)) "rabbitmq-$number" "RabbitMQ, node $number"
		ports_add "COMANDA_MANAGEMENT_PORT_$number" $((15679 + number)) "rabbitmq-$number" "its management UI"
		ports_add "COMANDA_DIST_PORT_$number" $((25679 + number)) "rabbitmq-$number" "RabbitMQ and its tools among themselves"
		ports_add "COMANDA_BROKER_METRICS_PORT_$number" $((15691 + number)) "rabbitmq-$number" "its metrics"
	done
	PARTS_SERVERS=("${BROKERS[@]}" postgres redis)
	PARTS=("${PARTS_SERVERS[@]}" "${PROGRAMS[@]}")
}

brokers_are_new() {
	((${#BROKERS[@]} > 1)) && [[ ! -e $STACK/${BROKERS[-1]}/data ]]
}

# The addresses of the brokers: "127.0.0.1:5680,127.0.0.1:5681".
brokers_hosts() {
	local part hosts=''
	for part in "${BROKERS[@]}"; do
		hosts+=,127.0.0.1:$(rabbitmq_port AMQP "$part")
	done
	echo "${hosts#,}"
}

# The cluster configuration of a node.
brokers_configuration() {
	local part number=0
	((${#BROKERS[@]} > 1)) || return 0
	echo 'cluster_formation.peer_discovery_backend = classic_config'
	for part in "${BROKERS[@]}"; do
		echo "cluster_formation.classic_config.nodes.$((++number)) = $(rabbitmq_node "$part")"
	done
	# A node without the majority stops, so that two parts of the cluster never answer differently.
	echo 'cluster_partition_handling = pause_minority'
}

# Quorum queues and the stream have a replica on every node. The classic queues of requests are on one node; a mirror serves
# requests while that node is down. (RabbitMQ 4 has no mirrors.)
brokers_mirror_requests() {
	local policy
	((${#BROKERS[@]} > 1)) || return 0
	policy=$(rabbitmq_api /api/policies/comanda/requests rabbitmq | jq -c '{pattern, "apply-to": ."apply-to", priority: (.priority + 1),
		definition: (.definition + {"ha-mode": "exactly", "ha-params": 2, "ha-sync-mode": "automatic"})}')
	rabbitmq_api /api/policies/comanda/requests-mirrored rabbitmq -X PUT -H 'Content-Type: application/json' -d "$policy" ||
		die "the broker does not take the policy $policy"
}
