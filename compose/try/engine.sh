# The Docker engine: a running one, or one that this script starts.
# shellcheck shell=bash

ENGINE_PID= # of the engine that this script started; empty: it was running before

engine_open() {
	export DOCKER_BUILDKIT=0 # Debian's engine has no BuildKit front end; the Dockerfiles need none
	if docker info >/dev/null 2>&1; then
		say engine "using the one that answers${DOCKER_HOST:+ at $DOCKER_HOST}: $(docker version --format '{{.Server.Version}}')"
		return
	fi
	((EUID == 0)) || die 'no Docker engine answers, and only root can start one: run this as root, or start Docker'
	! ip link show docker0 >/dev/null 2>&1 || pgrep -x dockerd >/dev/null || ip link delete docker0
	! pgrep -x dockerd >/dev/null || die 'a Docker engine runs here that this shell cannot speak to: set DOCKER_HOST'
	engine_start '' || engine_start vfs || die "dockerd does not start: see the end of its log above"
	say engine "started our own: $(docker version --format '{{.Server.Version}}'), $(docker info --format '{{.Driver}}')"
}

engine_start() { # storage driver; empty: the default
	local until=$((SECONDS + 30))
	ENGINE_FORWARD=$(cat /proc/sys/net/ipv4/ip_forward)
	ENGINE_POLICY=$(iptables-save -t filter 2>/dev/null | sed -n 's/^:FORWARD \([A-Z]*\).*/\1/p')
	mkdir -p "$WORK/engine"
	dockerd ${1:+--storage-driver "$1"} --data-root "$WORK/engine/data" --exec-root "$WORK/engine/exec" \
		--pidfile "$WORK/engine/pid" --host "unix://$WORK/engine/socket" >"$WORK/engine/log" 2>&1 &
	ENGINE_PID=$!
	export DOCKER_HOST=unix://$WORK/engine/socket
	until docker info >/dev/null 2>&1; do
		if ! kill -0 "$ENGINE_PID" 2>/dev/null || ((SECONDS > until)); then
			tail -n 5 "$WORK/engine/log" >&2
			engine_close
			return 1
		fi
		sleep 0.2
	done
}

# Stops the script's engine, and removes its bridge, its packet filter rules, and the kernel setting.
engine_close() {
	[[ -n $ENGINE_PID ]] || return 0
	kill "$ENGINE_PID" 2>/dev/null || true
	wait "$ENGINE_PID" 2>/dev/null || true
	ENGINE_PID=
	unset DOCKER_HOST
	ip link delete docker0 2>/dev/null || true
	engine_rules_out iptables
	engine_rules_out ip6tables
	iptables -P FORWARD "${ENGINE_POLICY:-ACCEPT}" 2>/dev/null || true
	echo "$ENGINE_FORWARD" >/proc/sys/net/ipv4/ip_forward
	awk -v work="$WORK/" 'index($2, work) == 1 { print $2 }' /proc/mounts | sort -r | xargs -r umount -l
	say engine 'ended'
}

engine_rules_out() { # iptables | ip6tables
	"$1-save" 2>/dev/null | grep -v -e DOCKER -e docker0 -e ' br-' | "$1-restore" 2>/dev/null || true
}
