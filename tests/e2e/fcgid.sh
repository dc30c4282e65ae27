#!/usr/bin/env bash
# The shipped site for Apache, with mod_fcgid: Apache itself starts `serve --single`.
# Not under sanitizers: the tests behind nginx send the same requests.
. "$(dirname "$0")/lib.sh"
server=apache
# shellcheck disable=SC2034 # dev and site.sh read them.
site_edit="/^\t#Fcgid/,/^\t#<\/Location>/s/#//; s/^\t\(ProxyPass\|SetEnv \)/\t#&/
	s|/etc/$package/env|$site/env|; s|/run/apache2/socks/|$site/run/|"
declare -A wanted=([long_header]=400 [small_method]=404 [version]=404 [coding]=400 [two_lengths]=404
	[nul]=404 [paths]=files [pool]=none [early_cors]=none)
. "$(dirname "$0")/site.sh"
