# Removes one guard at a time in a copy of the sources below .local/mutants. A test must fail for each: tests/mutants.
# shellcheck shell=bash

cmd_mutants() {
	local scratch=$ROOT/.local/mutants/source status=0
	case " $* " in
	*' --help '* | *' -h '* | *' --list '*)
		mutants_python "$@"
		return
		;;
	esac
	packages_install "${PACKAGES_BUILD[@]}" "${PACKAGES_RUN[@]}" "${PACKAGES_TEST[@]}"
	mutants_copy "$scratch"
	"$scratch/dev" build dev
	STACK=$scratch/.local/stack
	trap 'mutants_end; exit 130' INT TERM HUP
	"$scratch/dev" --stack "$STACK" stack create dev
	"$scratch/dev" --stack "$STACK" stack all
	mutants_python --source "$scratch" --stack "$STACK" "$@" || status=$?
	trap - INT TERM HUP
	mutants_end
	return "$status"
}

mutants_end() {
	[[ ! -e $STACK/.comanda-stack ]] || "$ROOT/.local/mutants/source/dev" --stack "$STACK" stack wipe
}

# Files that are equal keep their times, so that the build only compiles the others.
mutants_copy() { # where
	local file wanted=$1/../files
	mkdir -p "$1"
	sources . | sort -z >"$wanted"
	while IFS= read -rd '' file; do
		cmp -s "$ROOT/$file" "$1/$file" || (cd "$ROOT" && cp --parents --preserve=mode "$file" "$1/")
	done <"$wanted"
	(cd "$1" && find . -type f -not -path './build/*' -not -path './.local/*' -printf '%P\0' | sort -z |
		comm -z -13 "$wanted" - | xargs -0r rm --)
}

mutants_python() {
	(
		cd "$ROOT/tests"
		PYTHONDONTWRITEBYTECODE=1 exec /usr/bin/python3 -m mutants "$@"
	)
}
