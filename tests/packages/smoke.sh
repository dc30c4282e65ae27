#!/usr/bin/env bash
# `./dev test --smoke` in another release of Debian, as root in a chroot (tools/chroot says more):
#
#	tests/packages/smoke.sh [SUITE [COMMAND]]
#
# SUITE is trixie unless given; COMMAND replaces ./dev test --smoke. The checkout is made from what git
# knows. Needs debootstrap.
set -euo pipefail
cd "$(dirname "$0")/../.."
git ls-files -z --cached --others --exclude-standard | tar -c --null -T - -f - |
	tools/chroot "${1:-trixie}" "${1:-trixie}" "${2:-./dev test --smoke}"
