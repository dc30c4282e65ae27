#!/usr/bin/env bash
# The shipped site for nginx.
. "$(dirname "$0")/e2e.sh"
server=nginx
. "$(dirname "$0")/site.sh"
