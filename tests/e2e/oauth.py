#!/usr/bin/env python3
"""Signs in and refreshes with OAuth 2 clients from PyPI, and prints the results."""

import asyncio
import os
import sys

from authlib.integrations.base_client.errors import OAuthError
from authlib.integrations.requests_client import OAuth2Session as AuthlibSession
from httpx_oauth.oauth2 import BaseOAuth2, RefreshTokenError
from oauthlib.oauth2 import LegacyApplicationClient, OAuth2Error
from requests_oauthlib import OAuth2Session

api, email = sys.argv[1:]
password = os.environ["PASSWORD"]
url = f"{api}/auth/token"


def error_of(call):
    try:
        token = call()
    except (OAuthError, OAuth2Error) as error:
        return error.error
    except RefreshTokenError as error:
        return error.response.json()["error"]
    return f"none: {sorted(token)}"


class Authlib:
    """Has a client secret, which it sends with Basic authentication."""

    def __init__(self, token=None):
        self.saved = []
        self.session = AuthlibSession(
            "web", "secret", token=token, token_endpoint=url,
            update_token=lambda token, **_: self.saved.append(token),
        )

    def sign_in(self, password, **more):
        return self.session.fetch_token(url, username=email, password=password, **more)

    def refresh(self, token):
        return self.session.refresh_token(url, refresh_token=token)


class Oauthlib:
    """Has no client secret."""

    def __init__(self, token=None):
        self.saved = []
        self.session = OAuth2Session(
            "web", client=LegacyApplicationClient("web", token=token), token=token,
            auto_refresh_url=url, token_updater=self.saved.append,
        )

    def sign_in(self, password, **more):
        return self.session.fetch_token(
            url, username=email, password=password, include_client_id=True, **more
        )

    def refresh(self, token):
        return self.session.refresh_token(url, refresh_token=token, client_id="web")


class HttpxOauth:
    """Supports no password grant."""

    client = BaseOAuth2("web", "secret", "http://unused.example", url, refresh_token_endpoint=url)

    def refresh(self, token):
        return asyncio.run(self.client.refresh_token(token))


def say(client, what, value):
    print(f"{type(client).__name__}: {what}: {value}")


def check_sign_in(client):
    token = client.sign_in(password)
    say(client, "signed in", token["token_type"])
    say(client, "me", client.session.get(f"{api}/users/me").json()["email"])
    say(client, "a wrong password", error_of(lambda: client.sign_in("wrong")))
    if isinstance(client, Authlib):  # oauthlib cannot request another grant
        other = error_of(lambda: client.sign_in(password, grant_type="implicit"))
        say(client, "another grant", other)
    return token


def check_renewal(client, token):
    """Sends a request with an expired access token; the client refreshes automatically."""
    client = type(client)({**token, "expires_in": -60, "expires_at": 1})
    say(client, "me after the token expired", client.session.get(f"{api}/users/me").status_code)
    say(client, "saved", len(client.saved))
    return client.saved[0]


def check_refresh(client, token):
    second = client.refresh(token["refresh_token"])
    third = client.refresh(second["refresh_token"])
    say(client, "refreshed", len({t["refresh_token"] for t in (token, second, third)}))
    say(client, "reused", error_of(lambda: client.refresh(token["refresh_token"])))
    say(client, "then", error_of(lambda: client.refresh(third["refresh_token"])))
    errors = [error_of(lambda: client.refresh(f"unknown to {type(client)}")) for _ in range(11)]
    say(client, "too often", ", ".join(sorted(set(errors))))


for client in (Authlib(), Oauthlib()):
    check_refresh(client, check_renewal(client, check_sign_in(client)))
check_refresh(HttpxOauth(), Oauthlib().sign_in(password))
