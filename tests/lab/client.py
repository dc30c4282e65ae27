"""The HTTP client of load.py and soak.py: one connection, and a check of the error format."""
import http.client
import json
import urllib.parse

AWAY = {502, 503, 504}


class Broken(Exception):
    """No response, or an incomplete one: the effect of the request is unknown."""


class Answer:
    def __init__(self, status, headers, body):
        self.status, self.headers, self.body = status, headers, body

    def json(self):
        return json.loads(self.body)

    def code(self):
        return self.json().get("code") if self.status >= 400 else None

    def mistake(self):
        """A description of what is wrong with the format of an error; None if it is correct."""
        if self.status < 400:
            return None
        try:
            problem = self.json()
        except ValueError:
            return "invalid JSON: %r" % self.body[:200]
        if self.headers.get("Content-Type") != "application/problem+json":
            return "Content-Type %s" % self.headers.get("Content-Type")
        if problem.get("status") != self.status or problem.get("request_id") != self.headers.get("X-Request-ID"):
            return "status or request id: %r" % self.body[:200]
        if self.status in AWAY:
            if problem.get("code") not in ("unavailable", "overloaded"):
                return "code %s" % problem.get("code")
            if not (self.headers.get("Retry-After") or "").isdigit():
                return "no Retry-After"
        return None


class Client:
    def __init__(self, url, patience=45):
        self.address = urllib.parse.urlsplit(url).netloc
        self.patience = patience
        self.connection = None

    def ask(self, method, path, token=None, body=None, key=None):
        headers = {}
        if token:
            headers["Authorization"] = "Bearer " + token
        if key:
            headers["Idempotency-Key"] = key
        if body is not None:
            headers["Content-Type"] = "application/json"
            body = json.dumps(body)
        try:
            if not self.connection:
                self.connection = http.client.HTTPConnection(self.address, timeout=self.patience)
            self.connection.request(method, path, body, headers)
            got = self.connection.getresponse()
            return Answer(got.status, got.headers, got.read())
        except (http.client.HTTPException, OSError) as e:
            self.close()
            raise Broken(type(e).__name__) from e

    def close(self):
        if self.connection:
            self.connection.close()
        self.connection = None
