# Images: official ones if a registry answers, else from Debian's packages; then Comanda's own.
# shellcheck shell=bash

BASE_IMAGE=debian:bookworm-slim

images_build() {
	if ! docker image inspect "$BASE_IMAGE" >/dev/null 2>&1 && ! image_pull "$BASE_IMAGE"; then
		image_make_base
	fi
	if ! image_pull "$(image_of redis)"; then
		say images 'no registry answers: making RabbitMQ, PostgreSQL, Redis, HAProxy and Prometheus from Debian'\''s packages'
		images_from_debian
	fi
	say images 'building the programs; the first time, this compiles'
	compose build >"$WORK/build.log" 2>&1 || {
		tail -n 40 "$WORK/build.log" >&2
		die 'the images could not be built: why stands above'
	}
}

image_pull() {
	timeout 120 docker pull -q "$1" >/dev/null 2>&1
}

image_of() { # service: its image in the compose files
	compose config | awk -v service="  $1:" '$0 == service { found = 1 } found && $1 == "image:" { print $2; exit }'
}

# From the mirror of this machine's apt.
image_make_base() {
	local mirror suite
	# shellcheck disable=SC2016 # apt-get expands these
	read -r mirror suite _ < <(apt-get indextargets --format '$(REPO_URI) $(CODENAME) $(COMPONENT)' 'Created-By: Packages' |
		grep -E ' (bookworm|trixie) main$' | head -n 1) || die 'apt knows no mirror of Debian, and no registry answers'
	say images "no registry answers: making $BASE_IMAGE by debootstrap, $suite"
	debootstrap --variant=minbase "$suite" "$WORK/base" "$mirror" >"$WORK/debootstrap.log" 2>&1 || {
		tail -n 5 "$WORK/debootstrap.log" >&2
		die 'debootstrap failed: why stands above'
	}
	rm -rf "$WORK"/base/var/cache/apt/archives/*.deb "$WORK"/base/var/lib/apt/lists/*
	tar -C "$WORK/base" -c . | docker import - "$BASE_IMAGE" >/dev/null
	rm -rf "$WORK/base"
}

images_from_debian() {
	local part
	for part in rabbitmq postgres redis haproxy prometheus; do
		docker build --build-arg "BASE=$BASE_IMAGE" --target "$part" -t "comanda-debian/$part" "$ROOT/compose/debian" \
			>"$WORK/build-$part.log" 2>&1 || {
			tail -n 20 "$WORK/build-$part.log" >&2
			die "the image of $part could not be built: why stands above"
		}
	done
	export COMANDA_RABBITMQ_IMAGE=comanda-debian/rabbitmq COMANDA_POSTGRES_IMAGE=comanda-debian/postgres
	export COMANDA_REDIS_IMAGE=comanda-debian/redis COMANDA_BALANCER_IMAGE=comanda-debian/haproxy
	export COMANDA_PROMETHEUS_IMAGE=comanda-debian/prometheus
}
