#!/usr/bin/env bash
# Runs `./dev test --smoke` in another release of Debian. Run it as root; see tools/chroot:
#
#	tests/packages/smoke.sh [SUITE [COMMAND]]
#
# The default SUITE is trixie; COMMAND replaces ./dev test --smoke. Copies all files that git does not
# ignore. Needs debootstrap.
set -euo pipefail
cd "$(dirname "$0")/../.."
git ls-files -z --cached --others --exclude-standard | tar -c --null -T - -f - |
	tools/chroot "${1:-trixie}" "${1:-trixie}" "${2:-./dev test --smoke}"
