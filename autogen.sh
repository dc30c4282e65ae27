#!/bin/sh
# Makes ./configure, in a fresh checkout. The same as: autoreconf -fi
cd "$(dirname "$0")" && exec autoreconf -fi
