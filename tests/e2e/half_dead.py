"""Misbehaving clients. `unread` and `cut` read TOKEN from the environment.

fill SOCKET                    connects until the backlog is full, prints `full`, keeps the connections
slow HOST:PORT CLIENTS SECONDS sends one byte at a time
half SOCKET CLIENTS SECONDS    sends part of a FastCGI request, then nothing; repeatedly
unread HOST:PORT CLIENTS PATH  requests PATH, reads one byte of each response, prints `held`, and
                               stops reading
cut http|fastcgi ADDRESS KEY STEP
                               sends a creation cut off after every STEP bytes, then a complete one"""
import json
import os
import resource
import socket
import struct
import sys
import time

PATH = "/api/v1/items"


def dial(address):
    if ":" in address:
        host, port = address.split(":")
        return socket.create_connection((host, int(port)), 10)
    s = socket.socket(socket.AF_UNIX)
    s.settimeout(30)
    s.connect(address)
    return s


def record(kind, content=b""):
    return struct.pack("!BBHHBx", 1, kind, 1, len(content), 0) + content


def fastcgi(params, body=b""):
    pairs = b""
    for name, value in params.items():
        for text in (name, value):
            pairs += struct.pack("!B", len(text)) if len(text) < 128 else struct.pack("!I", len(text) | 1 << 31)
        pairs += name.encode() + value.encode()
    stream = record(1, struct.pack("!HB5x", 1, 0)) + record(4, pairs) + record(4)
    return stream + (record(5, body) if body else b"") + record(5)


def creation(form, token, key):
    body = json.dumps({"title": key}).encode()
    if form == "http":
        return ("POST %s HTTP/1.1\r\nHost: localhost\r\nConnection: close\r\nAuthorization: Bearer %s\r\n"
                "Idempotency-Key: %s\r\nContent-Type: application/json\r\nContent-Length: %d\r\n\r\n"
                % (PATH, token, key, len(body))).encode() + body
    return fastcgi({"REQUEST_METHOD": "POST", "REQUEST_URI": PATH, "CONTENT_TYPE": "application/json",
                    "CONTENT_LENGTH": str(len(body)), "REMOTE_ADDR": "192.0.2.1",
                    "HTTP_AUTHORIZATION": "Bearer " + token, "HTTP_IDEMPOTENCY_KEY": key}, body)


def cut(form, address, key, step):
    token = os.environ["TOKEN"]
    whole = creation(form, token, key)
    for at in list(range(0, len(whole), int(step))) + [len(whole)]:
        s = dial(address)
        s.sendall(whole[:at])
        s.close()
    for _ in range(100):  # 409 while an earlier attempt is still running
        s = dial(address)
        s.sendall(whole)
        answer = b""
        while piece := s.recv(65536):
            answer += piece
        s.close()
        status = answer.split(b" ", 2)[1].decode()
        if status != "409":
            break
        time.sleep(0.05)
    print(status, "of", len(whole))


def fill(address):
    most = resource.getrlimit(resource.RLIMIT_NOFILE)[1]
    resource.setrlimit(resource.RLIMIT_NOFILE, (most, most))
    held = []
    end = time.monotonic() + 10
    while time.monotonic() < end:
        s = socket.socket(socket.AF_UNIX)
        s.setblocking(False)
        try:
            s.connect(address)
            held.append(s)
        except BlockingIOError:
            break
    print("full", len(held), flush=True)
    time.sleep(60)


def slow(address, clients, seconds):
    end = time.monotonic() + float(seconds)
    request = b"POST %s HTTP/1.1\r\nHost: localhost\r\nX-Slow: " % PATH.encode() + b"a" * 2000
    connections = [dial(address) for _ in range(int(clients))]
    at = 0
    while time.monotonic() < end:
        for s in connections:
            try:
                s.sendall(request[at:at + 1])
            except OSError:
                pass  # nginx has closed the connection
        at += 1
        time.sleep(0.1)


def half(address, clients, seconds):
    end = time.monotonic() + float(seconds)
    whole = creation("fastcgi", "none", "half")
    n = 0
    while time.monotonic() < end:
        connections = [dial(address) for _ in range(int(clients))]
        for s in connections:
            n += 1
            s.sendall(whole[:n * 37 % len(whole)])
        for s in connections:
            try:
                s.recv(1)  # until the worker closes the connection
            except OSError:
                pass
            s.close()


def unread(address, clients, path):
    host, port = address.split(":")
    request = "GET %s HTTP/1.1\r\nHost: localhost\r\nAuthorization: Bearer %s\r\n\r\n" % (path, os.environ["TOKEN"])
    connections = []
    for _ in range(int(clients)):
        s = socket.socket()
        s.settimeout(30)
        s.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, 4096)
        # As on a network; on the loopback interface, the kernel would buffer megabytes.
        s.setsockopt(socket.IPPROTO_TCP, socket.TCP_MAXSEG, 1400)
        s.connect((host, int(port)))
        s.sendall(request.encode())
        s.recv(1)
        connections.append(s)
    print("held", flush=True)
    time.sleep(60)


if __name__ == "__main__":
    {"fill": fill, "slow": slow, "half": half, "unread": unread, "cut": cut}[sys.argv[1]](*sys.argv[2:])
