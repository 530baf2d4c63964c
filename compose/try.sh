#!/usr/bin/env bash
# Tests the compose files on a real Docker engine, from the first image to an order and the removal. compose/try.sh --help
set -euo pipefail
ROOT=$(cd "$(dirname "${BASH_SOURCE[0]}")/.." && pwd -P)

for file in tools/dev/say tools/dev/packages compose/try/engine compose/try/images compose/try/stack compose/try/look compose/try/watch compose/try/scale; do
	# shellcheck source=/dev/null
	source "$ROOT/$file.sh"
done

help() {
	cat <<-END
		Usage: compose/try.sh [--scale] [--keep]

		  (nothing)   one of each: builds, brings all of it up, places the README's first order through the published
		              port, looks at who runs as whom, what is published, whether HTTPS is served, what Prometheus sees,
		              how large the images are and how long a start takes, and takes it down again
		  --scale     three orders services and two edges behind a balancer; each service is rolled under load
		  --keep      leaves it up at the end, and says how to take it down

		Uses the Docker engine that answers (DOCKER_HOST says which); where none does, starts one of its own, as root, and
		ends it again. Where no registry answers, makes all images from Debian's packages. Needs only Debian's packages,
		and installs those that are missing. COMANDA_HTTP_PORT (8080) is the port that is published;
		COMANDA_PROMETHEUS_PORT (9090) and COMANDA_GRAFANA_PORT (3000) are, on loopback.
	END
}

main() {
	local scale='' keep=''
	while (($#)); do
		case $1 in
		--scale) scale=yes ;;
		--keep) keep=yes ;;
		-h | --help) help && return ;;
		*) usage_error "compose/try.sh takes --scale and --keep, not $1" ;;
		esac
		shift
	done
	packages_install docker.io docker-compose debootstrap iptables iproute2 curl jq openssl python3
	WORK=$(mktemp -d /var/tmp/comanda-try-XXXXXX)
	trap 'try_end 1' EXIT
	trap 'exit 130' INT TERM HUP
	"$ROOT/compose/secrets.sh" "$WORK/secrets"
	engine_open
	images_build
	if [[ -n $scale ]]; then scale_try; else one_try; fi
	trap - EXIT
	if [[ -n $keep ]]; then stack_say_kept; else try_end 0; fi
}

# One container of each program.
one_try() {
	stack_up
	look_at_order
	look_at_containers
	look_at_networks
	look_at_https edge-http
	watch_try
	look_at_sizes
	look_at_starts
	say try 'all of it holds'
}

try_end() { # failed
	(($1 == 0)) || stack_logs
	stack_down
	engine_close
	rm -rf "$WORK"
}

main "$@"
