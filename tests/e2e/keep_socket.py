#!/usr/bin/env python3
"""Listens on PATH and restarts COMMAND on that socket whenever it exits, as systemd does: PATH COMMAND…"""
import os, signal, socket, subprocess, sys

listener = socket.socket(socket.AF_UNIX)
listener.bind(sys.argv[1])
os.chmod(sys.argv[1], 0o660)
listener.listen(512)
ending = False


def end(*_):
    global ending
    ending = True
    child.terminate()


signal.signal(signal.SIGTERM, end)
while not ending:
    child = subprocess.Popen(sys.argv[2:], stdin=listener.fileno())
    child.wait()
