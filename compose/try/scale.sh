# shellcheck shell=bash
scale_try() {
	die 'not yet'
}
