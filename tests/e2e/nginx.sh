#!/usr/bin/env bash
# The shipped site for nginx.
. "$(dirname "$0")/lib.sh"
server=nginx
. "$(dirname "$0")/site.sh"
