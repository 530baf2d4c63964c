# The Debian packages that Comanda needs. apt installs the missing ones.
# shellcheck shell=bash

PACKAGES_BUILD=(
	cmake ninja-build gcc libc6-dev pkg-config
	librabbitmq-dev libpq-dev libhiredis-dev libcjson-dev libcivetweb-dev
	libsodium-dev libjwt-dev libssl-dev libcurl4-openssl-dev
)
PACKAGES_RUN=(rabbitmq-server postgresql redis-server openssl curl jq ca-certificates procps python3)
PACKAGES_TEST=(
	libcmocka-dev clang clang-format clang-tidy libclang-rt-dev shellcheck
	python3-pytest python3-hypothesis python3-pika python3-psycopg2 python3-redis python3-requests python3-jwt python3-cryptography
	python3-jsonschema python3-yaml docker-compose patch prometheus
)

# Debian starts a service at its installation, unless this file forbids it. A stack starts its own servers.
POLICY_FILE=/usr/sbin/policy-rc.d
POLICY_MARK='# written by Comanda'\''s ./dev while it installs packages; safe to delete'

packages_install() { # packages: install those that are missing
	local missing
	mapfile -t missing < <(packages_missing "$@")
	((${#missing[@]})) || return 0
	command -v apt-get >/dev/null ||
		die "these Debian packages are missing, and there is no apt-get here to install them: ${missing[*]}"
	packages_become_root "${missing[@]}"
	say packages "installing ${#missing[@]}: ${missing[*]}"
	packages_hold_services
	packages_apt "${missing[@]}"
	packages_release_services
	packages_disable_services "${missing[@]}"
	say packages 'installed'
}

packages_missing() {
	local package
	for package in "$@"; do
		[[ $(dpkg-query -W -f '${db:Status-Status}' "$package" 2>/dev/null) == installed ]] || echo "$package"
	done
}

# Sets AS_ROOT, the prefix of commands that need root.
packages_become_root() {
	AS_ROOT=()
	((EUID == 0)) && return
	command -v sudo >/dev/null ||
		die "these Debian packages are missing and there is no sudo; as root, run:
     apt-get install -y --no-install-recommends $*"
	AS_ROOT=(sudo)
	say packages 'sudo is needed, for apt only'
	sudo -v || die "sudo was refused; as root, run: apt-get install -y --no-install-recommends $*"
}

packages_apt() {
	local install=(apt-get install -y -q --no-install-recommends -o Dpkg::Use-Pty=0 "$@")

	"${AS_ROOT[@]}" env DEBIAN_FRONTEND=noninteractive apt-get update -q >&2 ||
		say packages 'apt-get update failed; going on with the lists that are here'
	"${AS_ROOT[@]}" env DEBIAN_FRONTEND=noninteractive "${install[@]}" </dev/null >&2 || {
		packages_release_services
		die "apt-get could not install what is needed (its message is above). Mend that and run this again, or install by hand:
     ${install[*]}"
	}
}

packages_hold_services() {
	[[ -e $POLICY_FILE ]] && ! packages_policy_is_ours && return
	trap packages_release_services EXIT
	printf '#!/bin/sh\n%s\nexit 101\n' "$POLICY_MARK" | "${AS_ROOT[@]}" tee "$POLICY_FILE" >/dev/null
	"${AS_ROOT[@]}" chmod 755 "$POLICY_FILE"
}

packages_release_services() {
	trap - EXIT
	if packages_policy_is_ours; then "${AS_ROOT[@]}" rm -f "$POLICY_FILE"; fi
}

packages_policy_is_ours() {
	grep -qsF -- "$POLICY_MARK" "$POLICY_FILE"
}

# Disables the services of new packages at boot. Packages that were installed before are not changed.
packages_disable_services() {
	local package
	[[ -d /run/systemd/system ]] || return 0
	for package in "$@"; do
		case $package in
		rabbitmq-server | postgresql | redis-server | prometheus)
			"${AS_ROOT[@]}" systemctl disable --quiet "$package" 2>/dev/null || continue
			say packages "the system's own $package is not started at boot (sudo systemctl enable $package changes that)"
			;;
		esac
	done
}
