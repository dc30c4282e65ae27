"""The client of openapi-python-client. Usage: openapi_python_client.py URL EMAIL"""
import sys

from openapi_python_client_generated import AuthenticatedClient, Client
from openapi_python_client_generated.api.items import (
    items_create, items_delete, items_list, items_replace, items_show, items_update)
from openapi_python_client_generated.api.sign_in import auth_login, auth_register
from openapi_python_client_generated.api.users import users_me
from openapi_python_client_generated.models import (
    Credentials, ItemCreate, ItemPage, ItemUpdate, ItemUpdateStatus, Problem, Registration)

url, email = sys.argv[1:]
password = "correct horse battery staple"

with Client(base_url=url) as client:
    user = auth_register.sync(client=client, body=Registration(email=email, password=password))
    print("registered:", user.email)
    tokens = auth_login.sync(client=client, body=Credentials(email=email, password=password))
    print("signed in:", tokens.token_type)

with AuthenticatedClient(base_url=url, token=tokens.access_token) as client:
    print("the caller:", users_me.sync(client=client).role.value)
    item = items_create.sync(client=client, body=ItemCreate(title="Lamp"))
    print("created:", item.title, item.status.value)
    change = ItemUpdate(description="Brass", status=ItemUpdateStatus.ARCHIVED)
    item = items_update.sync(item.id, client=client, body=change)
    print("updated:", item.title, item.description, item.status.value)
    item = items_replace.sync(item.id, client=client, body=ItemCreate(title="Lantern"))
    print("replaced:", item.title, item.status.value)
    print("read:", items_show.sync(item.id, client=client).title)

    for number in range(2, 6):
        items_create.sync(client=client, body=ItemCreate(title=f"Lamp {number}"))
    page = items_list.sync(client=client, limit=2)
    titles, pages = [row.title for row in page.items], 1
    while page.next_cursor is not None:
        page = items_list.sync(client=client, limit=2, cursor=page.next_cursor)
        assert isinstance(page, ItemPage)
        titles += [row.title for row in page.items]
        pages += 1
    print("listed:", ", ".join(titles), "in", pages, "pages")

    print("deleted:", items_delete.sync_detailed(item.id, client=client).status_code.value)
    error = items_show.sync(item.id, client=client)
    assert isinstance(error, Problem)
    print("then:", error.status, error.code)
    error = items_list.sync(client=client, cursor="unknown")
    assert isinstance(error, Problem)
    print("invalid:", error.status, error.code, *[f"{one.field} {one.code}" for one in error.errors])
