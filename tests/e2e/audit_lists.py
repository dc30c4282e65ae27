"""Serves test lists of vulnerabilities to audit.sh: PORT VERSION SEVERITY. libpq5 is vulnerable
before VERSION, typescript with SEVERITY (unless it is `none`), bash in all versions."""
import gzip
import http.server
import json
import sys
import zlib

port, version, severity = int(sys.argv[1]), sys.argv[2], sys.argv[3]

DEBSECAN = f"""VERSION 1
CVE-2026-0001,,made up
CVE-2026-0002,,made up

libpq5,0,BHRF,{version},
bash,1,BHRF,99:1,


"""


def version_of(number):
    return {"name": "typescript", "version": number, "dist": {"tarball": f"http://127.0.0.1:{port}/{number}"}}


PACKAGE = {
    "name": "typescript",
    "dist-tags": {"latest": "99.1.0"},
    "versions": {number: version_of(number) for number in ("5.9.3", "99.1.0")},
}
ADVISORY = {
    "id": 1,
    "url": "https://example.com/1",
    "title": "made up",
    "severity": severity,
    "vulnerable_versions": "<99.0.0",
}


class Lists(http.server.BaseHTTPRequestHandler):
    def send(self, body, kind="application/json"):
        self.send_response(200)
        self.send_header("Content-Type", kind)
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        self.wfile.write(body)

    def do_GET(self):
        if self.path.startswith("/debsecan/"):
            self.send(zlib.compress(DEBSECAN.encode()), "application/octet-stream")
        else:
            self.send(json.dumps(PACKAGE).encode())

    def do_POST(self):
        asked = self.rfile.read(int(self.headers["Content-Length"]))
        if self.headers.get("Content-Encoding") == "gzip":
            asked = gzip.decompress(asked)
        found = severity != "none" and "typescript" in json.loads(asked)
        self.send(json.dumps({"typescript": [ADVISORY]} if found else {}).encode())

    def log_message(self, *_):
        pass


http.server.ThreadingHTTPServer(("127.0.0.1", port), Lists).serve_forever()
