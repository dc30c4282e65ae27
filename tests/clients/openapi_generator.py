"""The Python client of openapi-generator. Usage: openapi_generator.py URL EMAIL"""
import sys

from openapi_generator_python import (
    ApiClient, Configuration, Credentials, ItemCreate, ItemsApi, ItemUpdate, Problem, Registration,
    SignInApi, UsersApi)
from openapi_generator_python.exceptions import (
    ApiException, NotFoundException, UnprocessableEntityException)

url, email = sys.argv[1:]
password = "correct horse battery staple"

with ApiClient(Configuration(host=url)) as client:
    sign_in = SignInApi(client)
    user = sign_in.auth_register(Registration(email=email, password=password))
    print("registered:", user.email)
    tokens = sign_in.auth_login(Credentials(email=email, password=password))
    print("signed in:", tokens.token_type)

with ApiClient(Configuration(host=url, access_token=tokens.access_token)) as client:
    print("the caller:", UsersApi(client).users_me().role)
    items = ItemsApi(client)
    item = items.items_create(ItemCreate(title="Lamp"))
    print("created:", item.title, item.status)
    item = items.items_update(item.id, ItemUpdate(description="Brass", status="archived"))
    print("updated:", item.title, item.description, item.status)
    item = items.items_replace(item.id, ItemCreate(title="Lantern"))
    print("replaced:", item.title, item.status)
    print("read:", items.items_show(item.id).title)

    for number in range(2, 6):
        items.items_create(ItemCreate(title=f"Lamp {number}"))
    page = items.items_list(limit=2)
    titles, pages = [row.title for row in page.items], 1
    while page.next_cursor is not None:
        page = items.items_list(limit=2, cursor=page.next_cursor)
        titles += [row.title for row in page.items]
        pages += 1
    print("listed:", ", ".join(titles), "in", pages, "pages")

    print("deleted:", items.items_delete_with_http_info(item.id).status_code)
    try:
        items.items_show(item.id)
    except NotFoundException as error:
        assert isinstance(error.data, Problem)
        print("then:", error.data.status, error.data.code)
    try:
        items.items_list(cursor="unknown")
    except UnprocessableEntityException as error:
        problem = error.data
        assert isinstance(problem, Problem)
        print("invalid:", problem.status, problem.code, *[f"{one.var_field} {one.code}" for one in problem.errors])
