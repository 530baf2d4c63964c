# Builds the code, formats it and checks it.
# shellcheck shell=bash

build() { # preset, [targets; default: all]
	local preset=$1 log=$ROOT/.local/build-$1.log
	shift
	mkdir -p "$ROOT/.local"
	say build "$preset, into build/$preset"
	cd "$ROOT"
	cmake --preset "$preset" >"$log" 2>&1 || {
		cat "$log" >&2
		die "cmake could not configure the build: its message is above, and in $log"
	}
	cmake --build --preset "$preset" ${1:+--target "$@"} >&2 || die 'the build failed: the compiler says why above'
}

cmd_build() {
	(($# <= 1)) || usage_error './dev build takes one preset'
	packages_install "${PACKAGES_BUILD[@]}" "${PACKAGES_TEST[@]}"
	build "${1:-dev}"
}

sources() { # patterns: matching files of this checkout, also untracked ones, NUL-terminated
	cd "$ROOT"
	git -c "safe.directory=$ROOT" ls-files -z --cached --others --exclude-standard --deduplicate -- "$@" |
		while IFS= read -rd '' file; do [[ ! -f $file ]] || printf '%s\0' "$file"; done
}

cmd_format() {
	packages_install "${PACKAGES_TEST[@]}"
	case "$*" in
	'') sources '*.c' '*.h' | xargs -0r clang-format -i ;;
	--check) format_check ;;
	*) usage_error "./dev format takes only --check, not: $*" ;;
	esac
}

format_check() {
	local complaints
	complaints=$(sources '*.c' '*.h' | xargs -0r clang-format --dry-run --Werror 2>&1) ||
		die "these files are not formatted; run ./dev format:
$(sed -n 's/^\([^ :]*\):[0-9]*:[0-9]*: error: .*/     \1/p' <<<"$complaints" | sort -u)"
	say format "$(sources '*.c' '*.h' | tr -cd '\0' | wc -c) files are formatted"
}

cmd_lint() {
	(($# == 0)) || usage_error './dev lint takes no arguments'
	packages_install "${PACKAGES_BUILD[@]}" "${PACKAGES_TEST[@]}"
	build dev
	lint
}

# Checks that do not apply to tests, which read numbers from scripts of this repository and start commands.
LINT_NOT_IN_TESTS=-cert-err34-c,-cert-env33-c,-bugprone-implicit-widening-of-multiplication-result

# clang-tidy needs the compile commands of a build, which preset `dev` writes.
lint() {
	say lint 'the order of the layers, shellcheck and clang-tidy; this takes minutes'
	"$ROOT/tools/dev/layers" || die 'includes or sizes break the rules of the layers (above)'
	sources dev '*.sh' .ci/run | xargs -0r shellcheck -x || die 'shellcheck found faults (above)'
	lint_compiled | lint_tidy ||
		die 'clang-tidy found faults (above)'
	say lint "$(lint_compiled | tr -cd '\0' | wc -c) files have no fault"
}

# One file per call: given several, the analyzer of clang-tidy 14 reports va_list arguments as uninitialized.
lint_tidy() { # files, NUL-terminated, on stdin
	# shellcheck disable=SC2016 # the inner shell expands these
	xargs -0r -P "$(nproc)" -n 1 bash -c '
		case /$3 in */tests/*) not_here=--checks=$2 ;; esac
		exec clang-tidy -p "$1" --quiet --warnings-as-errors="*" ${not_here:+"$not_here"} "$3"' \
		lint "$ROOT/build/dev" "$LINT_NOT_IN_TESTS" 2> >(grep -v ' warnings\? generated' >&2)
}

lint_compiled() { # the sources that the build compiles
	sources '*.c' | while IFS= read -rd '' file; do
		! grep -qF "\"$ROOT/$file\"" "$ROOT/build/dev/compile_commands.json" || printf '%s\0' "$file"
	done
}

cmd_reference() { # --check only compares
	case "$*" in '' | --check) ;; *) usage_error "./dev reference takes only --check, not: $*" ;; esac
	packages_install "${PACKAGES_BUILD[@]}" "${PACKAGES_TEST[@]}"
	build dev "${PROGRAMS[@]}" comanda contract_table route_table
	/usr/bin/python3 "$ROOT/tools/dev/reference" --bin "$ROOT/build/dev/bin" "$@"
}
