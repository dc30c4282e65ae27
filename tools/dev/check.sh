# shellcheck shell=bash
# Commands: Check
# Checks without tests.

#: Usage: ./dev lint
#:
#: Check style, layers and documentation.
#:
#: Example:
#:   ./dev lint
cmd_lint() {
	prepare
	install_packages $packages_build $packages_lint
	build_program
	# The scripts print the errors; make would only add that it failed.
	make -s --no-print-directory -C "$build" lint 2>/dev/null || exit 1
	say "${green}✓$plain All lints passed"
}

#: Usage: ./dev analyze
#:
#: Run cppcheck, clang-tidy and gcc -fanalyzer.
#:
#: Runs cppcheck, gcc -fanalyzer and clang-tidy on src/, which takes some minutes. .cppcheck and
#: .clang-tidy list the suppressed false positives, with the reasons.
#:
#: Example:
#:   ./dev analyze
cmd_analyze() {
	prepare
	install_packages $packages_build $packages_analyze
	build_program
	run "cppcheck" cppcheck --quiet --std=c11 --enable=warning,performance,portability --error-exitcode=1 -j"$(nproc)" \
		--suppressions-list="$root/.cppcheck" --suppress=missingIncludeSystem -DHAVE_CONFIG_H \
		-I"$build" -I"$root/include" -I"$root/src" "$root/src"
	run "clang-tidy and gcc -fanalyzer" make -C "$build" -j"$(nproc)" tidy analyze
}

#: Usage: ./dev audit
#:
#: List known vulnerabilities in libraries and npm packages.
#:
#: Runs debsecan on the Debian packages of the libraries that the program links, and npm audit on
#: every package-lock.json. Exit status 1: a vulnerability that has a fix; 2: a list could not be fetched.
#:
#: Example:
#:   ./dev audit
cmd_audit() {
	prepare
	install_packages $packages_build $packages_audit
	build_program
	exec "$root/tools/audit" "$(program)"
}
