# Load and faults on a stack of its own, then a check that nothing was lost or done twice: tests/chaos.
# shellcheck shell=bash

CHAOS_DISK_BYTES=$((700 << 20)) # size of the small disks: more than the broker's free limit plus the first files of both

cmd_chaos() {
	local status=0 arguments=() small_disks='' brokers=1
	[[ " $* " =~ \ --brokers[\ =]([0-9]+)\  ]] && brokers=${BASH_REMATCH[1]}
	case " $* " in
	*' --help '* | *' -h '*)
		chaos_python --help
		return
		;;
	esac
	case " $* " in *' disk-'*) small_disks=yes ;; esac
	packages_install "${PACKAGES_BUILD[@]}" "${PACKAGES_RUN[@]}" "${PACKAGES_TEST[@]}"
	build dev "${PROGRAMS[@]}" comanda
	chaos_older arguments "$@"
	mkdir -p "$ROOT/.local"
	STACK=$(mktemp -d "$ROOT/.local/chaos-XXXXXX")
	process_record $$ "$STACK/owner"
	trap chaos_abandon EXIT
	trap 'exit 130' INT TERM HUP
	stack_create dev "$brokers"
	[[ -z $small_disks ]] || chaos_small_disks
	stack_start all
	stack_unlock
	chaos_python "${arguments[@]}" || status=$?
	stack_lock
	stack_stop
	trap - EXIT INT TERM HUP
	chaos_unmount_disks
	if ((status)); then test_keep_logs; else stack_wipe; fi
	return "$status"
}

chaos_abandon() {
	local status=$?
	stack_stop
	chaos_unmount_disks
	(exit "$status")
	test_abandon
}

# Debian's python3, because another one on PATH does not find Debian's modules.
chaos_python() {
	(
		cd "$ROOT/tests"
		COMANDA_STACK=$STACK PYTHONDONTWRITEBYTECODE=1 exec /usr/bin/python3 -m chaos "$@"
	)
}

# Builds the revision of --older REV, and passes its programs as --other DIR.
chaos_older() { # name of the array to put the arguments into, arguments
	local -n words=$1
	shift
	while (($#)); do
		case $1 in
		--older)
			[[ -n ${2:-} ]] || usage_error '--older needs a revision, such as HEAD~20'
			chaos_build_older "$2"
			words+=(--other "$CHAOS_OLDER/build/dev/bin")
			shift
			;;
		*) words+=("$1") ;;
		esac
		shift
	done
}

chaos_build_older() { # revision
	local commit git=(git -c "safe.directory=$ROOT" -C "$ROOT")
	commit=$("${git[@]}" rev-parse --verify --quiet "$1^{commit}") || die "there is no revision $1 in this checkout"
	CHAOS_OLDER=$ROOT/.local/older/${commit:0:12}
	if [[ ! -d $CHAOS_OLDER ]]; then
		mkdir -p "$CHAOS_OLDER.new"
		"${git[@]}" archive "$commit" | tar -x -C "$CHAOS_OLDER.new"
		mv "$CHAOS_OLDER.new" "$CHAOS_OLDER"
	fi
	say build "revision ${commit:0:12}, into ${CHAOS_OLDER#"$ROOT"/}"
	(cd "$CHAOS_OLDER" && cmake --preset dev && cmake --build --preset dev --target "${PROGRAMS[@]}") >"$CHAOS_OLDER/build.log" 2>&1 ||
		die "revision $1 cannot be built: see $CHAOS_OLDER/build.log"
}

# Puts the data of broker and database on small file systems that can be filled safely.
chaos_small_disks() {
	local directory
	((EUID == 0)) || die 'the small disks must be mounted: run ./dev chaos --only disk-full as root'
	for directory in "$STACK/rabbitmq" "$(postgres_home)"; do
		mkdir -p "$directory"
		mount -t tmpfs -o "size=$CHAOS_DISK_BYTES" comanda-chaos "$directory" || die "could not mount a small disk at $directory"
	done
}

chaos_unmount_disks() {
	local directory
	[[ -d $STACK ]] || return 0
	for directory in "$STACK/rabbitmq" "$(postgres_home)"; do
		! mountpoint -q "$directory" || umount "$directory" || say chaos "$directory is still mounted"
	done
}
