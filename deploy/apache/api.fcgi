#!/bin/sh
# One worker, started by mod_fcgid. The program and its settings are in a folder beside that of the
# site, which no web server serves: private/app, private/env (mode 0600).
folder=$(cd "$(dirname "$0")/../private" && pwd) || exit 1
export ENV_FILE="$folder/env" SHM_FILE="$folder/shared"
exec "$folder/app" serve --single
