#!/usr/bin/env bash
# The shipped site for Apache.
# Not under sanitizers: the tests behind nginx send the same requests.
. "$(dirname "$0")/lib.sh"
server=apache
declare -A wanted=([long_header]=400 [small_method]=404 [version]=404 [coding]=400 [two_lengths]=404
	[no_pool]=503 [early_cors]=none)
. "$(dirname "$0")/site.sh"
