#!/bin/sh
# One worker, started by mod_fcgid. Outside the folder of the site, in a neighbour of it that
# no web server reads, lie the program and its settings: private/app, private/env (mode 0600).
folder=$(cd "$(dirname "$0")/../private" && pwd) || exit 1
export ENV_FILE="$folder/env" SHM_FILE="$folder/shared"
exec "$folder/app" serve --single
