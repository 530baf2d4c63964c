# The profile `observability`, as far as its images are available: Debian has no package of Grafana.
# shellcheck shell=bash

watch_try() {
	local services=(prometheus)
	if image_pull "$(image_of grafana)"; then services+=(grafana); else say watch 'no registry answers: Grafana is not tried'; fi
	compose --profile observability up -d --no-recreate "${services[@]}" >"$WORK/watch.log" 2>&1 || {
		tail -n 20 "$WORK/watch.log" >&2
		die 'Prometheus did not come up: why stands above'
	}
	stack_await_healthy
	local service
	for service in "${services[@]}"; do
		look_at_container "$(stack_containers "$service")"
		[[ $(docker port "$(stack_containers "$service")") == *' -> 127.0.0.1:'* ]] || die "$service is published beyond loopback"
	done
	watch_targets
	watch_rules
	[[ ${#services[@]} == 1 ]] || watch_dashboard
}

watch_ask() { # path below /api/v1
	curl -sf --noproxy '*' "127.0.0.1:${COMANDA_PROMETHEUS_PORT:-9090}/api/v1/$1"
}

# Each target is a container: Prometheus must have found exactly the running ones.
watch_targets() {
	local until=$((SECONDS + 90)) wanted seen=''
	wanted=$(watch_wanted)
	until [[ $seen == "$wanted" ]]; do
		((SECONDS < until)) || die "Prometheus does not see all up. It should see:
$wanted
and sees:
$seen"
		sleep 1
		seen=$(watch_ask 'targets?state=active' | jq -r '.data.activeTargets[] | "\(.labels.job) \(.health)"' | sort | uniq -c)
	done
	printf '%s\n' "$seen"
}

watch_wanted() {
	local id job
	for id in $(stack_containers); do
		job=$(docker inspect --format '{{index .Config.Labels "com.docker.compose.service"}}' "$id")
		case $job in
		edge | edge-http) echo 'edge-http up' ;;
		svc-* | rabbitmq) echo "$job up" ;;
		esac
	done | sort | uniq -c
}

watch_rules() {
	local wanted loaded
	wanted=$(grep -c '^ *- alert:' "$ROOT/compose/observability/alerts.yml")
	loaded=$(watch_ask rules | jq '[.data.groups[].rules[] | select(.type == "alerting" and .health != "err")] | length')
	((loaded == wanted)) || die "of $wanted alerts Prometheus has loaded $loaded"
	say watch "Prometheus sees all of them up, and has loaded all $loaded alerts; it is published on loopback alone"
}

watch_dashboard() {
	local url=http://127.0.0.1:${COMANDA_GRAFANA_PORT:-3000} account
	account=admin:$(cat "$WORK/secrets/grafana_password")
	[[ $(curl -sf --noproxy '*' -u "$account" "$url/api/dashboards/uid/comanda" | jq -r .dashboard.title) == Comanda ]] ||
		die 'Grafana does not show the dashboard'
	[[ $(curl -sf --noproxy '*' -u "$account" "$url/api/datasources/uid/prometheus/health" | jq -r .status) == OK ]] ||
		die 'Grafana does not reach Prometheus'
	say watch 'Grafana shows the dashboard, and reaches Prometheus'
}
