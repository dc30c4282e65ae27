#!/usr/bin/env python3
"""A client in Python, standard library only: the practices that every client should follow.

    API=http://127.0.0.1:8000/api/v1 EMAIL=ada@example.com PASSWORD=… ./client.py

The tokens of the last sign-in are kept in the file TOKENS, so the next run needs no password.
"""
import json
import os
import urllib.error
import urllib.request
import uuid


class Problem(Exception):
    """A refusal (RFC 9457). `code` does not change; `errors` lists every bad field."""

    def __init__(self, status, body):
        super().__init__(f"{status} {body['code']}: {body['detail']}")
        self.status, self.code, self.errors = status, body["code"], body.get("errors", [])


class Client:
    def __init__(self, api, email, password, path):
        self.api, self.email, self.password, self.path = api, email, password, path
        self.tokens = None
        if os.path.exists(path):
            with open(path, encoding="utf-8") as file:
                self.tokens = json.load(file)

    def send(self, method, path, body=None, **headers):
        """One request: (body, headers), or Problem."""
        request = urllib.request.Request(self.api + path, method=method)
        if body is not None:
            request.data = json.dumps(body).encode()
            request.add_header("Content-Type", "application/json")
        if self.tokens:
            request.add_header("Authorization", "Bearer " + self.tokens["access_token"])
        for name, value in headers.items():
            request.add_header(name.replace("_", "-"), value)
        try:
            with urllib.request.urlopen(request, timeout=30) as response:
                text = response.read()
                return json.loads(text) if text else None, response.headers
        except urllib.error.HTTPError as error:
            raise Problem(error.code, json.load(error)) from None

    def keep(self, tokens):
        """Writes a file that only this user can read, atomically."""
        self.tokens = tokens
        descriptor = os.open(self.path + ".new", os.O_WRONLY | os.O_CREAT | os.O_TRUNC, 0o600)
        with open(descriptor, "w", encoding="utf-8") as file:
            json.dump(tokens, file)
        os.replace(self.path + ".new", self.path)

    def sign_in(self):
        self.tokens = None
        self.keep(self.send("POST", "/auth/login",
                            {"email": self.email, "password": self.password})[0])

    def refresh(self):
        """A refresh token is good for one use: keep what comes for it before anything else."""
        spent, self.tokens = self.tokens["refresh_token"], None
        try:
            self.keep(self.send("POST", "/auth/refresh", {"refresh_token": spent})[0])
        except Problem:
            self.sign_in()

    def call(self, method, path, body=None, **headers):
        """The same as send, and once more with new tokens where the access token has expired."""
        if not self.tokens:
            self.sign_in()
        try:
            return self.send(method, path, body, **headers)
        except Problem as problem:
            if problem.code != "token_expired":
                raise
        print("refreshed")
        self.refresh()
        return self.send(method, path, body, **headers)

    def pages(self, path):
        """Every page of a list; by cursor no row comes twice and none is passed over."""
        cursor = ""
        while True:
            page, _ = self.call("GET", f"{path}?limit=10{cursor}")
            yield page["items"]
            if page["next_cursor"] is None:
                return
            cursor = "&cursor=" + page["next_cursor"]


def main():
    client = Client(os.environ.get("API", "http://127.0.0.1:8000/api/v1"),
                    os.environ.get("EMAIL"), os.environ.get("PASSWORD"),
                    os.environ.get("TOKENS", "tokens.json"))
    me, _ = client.call("GET", "/users/me")
    print("signed in as", me["email"])

    # A POST that can be repeated: a lost response does not create a second item.
    key = str(uuid.uuid4())
    item, _ = client.call("POST", "/items", {"title": "Lamp"}, Idempotency_Key=key)
    again, _ = client.call("POST", "/items", {"title": "Lamp"}, Idempotency_Key=key)
    print("created once:", "yes" if item["id"] == again["id"] else "no")

    # Changes the item only if it is still the version that was read.
    path = "/items/" + item["id"]
    _, headers = client.call("GET", path)
    tag = headers["ETag"]
    item, _ = client.call("PATCH", path, {"status": "archived"}, If_Match=tag)
    print("changed to", item["status"])
    try:
        client.call("PATCH", path, {"status": "draft"}, If_Match=tag)
    except Problem as problem:
        print("not changed again:", problem.code)

    try:
        client.call("POST", "/items", {"title": "", "color": "red"})
    except Problem as problem:
        print("refused:", ", ".join(f"{e['field']} {e['code']}" for e in problem.errors))

    counts = [len(items) for items in client.pages("/items")]
    print(f"listed {sum(counts)} items in {len(counts)} pages")

    client.call("DELETE", path)
    print("deleted: 204")


if __name__ == "__main__":
    main()
