#!/usr/bin/env bash
# The shipped site for lighttpd.
# Not under sanitizers: the tests behind nginx send the same requests.
. "$(dirname "$0")/lib.sh"
server=lighttpd
declare -A wanted=([long_address]=431 [long_body]="the body is longer than 20000 bytes" [small_method]=501 [no_pool]=503 [early_cors]=none)
# Later ones refuse an unknown version of HTTP with 400, as lighttpd of Debian 13 does.
[[ $(lighttpd -v) == lighttpd/1.4.[0-6]* ]] || wanted[version]=400
. "$(dirname "$0")/site.sh"
