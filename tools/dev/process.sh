# Pid files that survive pid reuse: each holds the pid, the start time of the process and the id of the boot. So a reused pid or
# a reboot cannot make ./dev signal another process.
# shellcheck shell=bash

# The identity of a living process: "PID START BOOT".
process_identity() {
	local stat boot fields
	{ read -r stat <"/proc/$1/stat"; } 2>/dev/null || return 1
	read -r boot </proc/sys/kernel/random/boot_id
	read -ra fields <<<"${stat##*) }" # the process name may contain blanks; after it: state, ppid, … starttime is the 20th
	[[ ${fields[0]} != Z ]] || return 1
	echo "$1 ${fields[19]} $boot"
}

process_record() { # pid, file
	local identity
	identity=$(process_identity "$1") || return 1
	echo "$identity" >"$2.new" && mv "$2.new" "$2"
}

# Prints the pid in a pid file, if that process still runs.
process_pid() { # file
	local noted pid
	{ read -r noted <"$1"; } 2>/dev/null || return 1
	pid=${noted%% *}
	[[ $pid =~ ^[0-9]+$ && $(process_identity "$pid") == "$noted" ]] || return 1
	echo "$pid"
}

process_uptime() { # pid: seconds since it was started
	local identity up
	identity=$(process_identity "$1") || return 1
	read -ra identity <<<"$identity"
	read -r up _ </proc/uptime
	echo $((${up%.*} - identity[1] / $(getconf CLK_TCK)))
}

# Sends a signal, waits, then sends KILL.
process_end() { # pid file, timeout in seconds, [signal]
	local pid until=$((SECONDS + $2))
	pid=$(process_pid "$1") || return 0
	kill -"${3:-TERM}" "$pid" 2>/dev/null || true
	kill -CONT "$pid" 2>/dev/null || true # a stopped process does not handle signals
	while process_pid "$1" >/dev/null; do
		if ((SECONDS >= until)); then
			kill -KILL "$pid" 2>/dev/null || true
			until=$((SECONDS + 5))
		fi
		sleep 0.05
	done
}

# Replaces the environment of this (sub)shell by the given words, each NAME=VALUE.
environment_only() {
	local names
	mapfile -t names < <(compgen -e)
	export -n "${names[@]}"
	# shellcheck disable=SC2163 # the words are NAME=VALUE
	export PATH=/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin LANG=C.UTF-8 "$@"
}
