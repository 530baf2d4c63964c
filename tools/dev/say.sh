# Output of ./dev: progress on stderr, results on stdout, one line per step.
# shellcheck shell=bash

say() { # what, text: one line of progress
	printf '%-13s %s\n' "$1" "$2" >&2
}

die() { # text: what was wrong, where, and what to do
	printf 'dev: %s\n' "$1" >&2
	exit 1
}

usage_error() {
	printf 'dev: %s\n     ./dev --help lists the commands.\n' "$1" >&2
	exit 2
}

# Seconds since the time (in EPOCHREALTIME's form) given, with one decimal.
elapsed() {
	local tenths=$(((${EPOCHREALTIME/[.,]/} - ${1/[.,]/}) / 100000))
	printf '%d.%d s' $((tenths / 10)) $((tenths % 10))
}

# 93784 -> 1d 2h, 3700 -> 1h 1m, 61 -> 1m 1s
duration() {
	local s=$1
	if ((s >= 86400)); then
		printf '%dd %dh' $((s / 86400)) $((s % 86400 / 3600))
	elif ((s >= 3600)); then
		printf '%dh %dm' $((s / 3600)) $((s % 3600 / 60))
	elif ((s >= 60)); then
		printf '%dm %ds' $((s / 60)) $((s % 60))
	else
		printf '%ds' "$s"
	fi
}
