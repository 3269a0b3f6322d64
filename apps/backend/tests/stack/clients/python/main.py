"""Calls the service through the client that openapi-python-client has made, and prints what it understood."""

import json
import sys

from products import Client
from products.api.products import products_by_id, products_create, products_list
from products.models import ErrorBody, NewProduct, Product

url, url_without_database = sys.argv[1:]


def error(body):
    assert isinstance(body, ErrorBody), body
    issues = body.issues or []
    return {"code": body.code, "fields": [issue.path for issue in issues], "trace": isinstance(body.trace_id, str)}


with Client(base_url=url) as client:
    everything = products_list.sync(client=client)
    first = products_list.sync(client=client, limit=3)
    second = products_list.sync(client=client, limit=3, after=first[-1].id)
    created = products_create.sync(client=client, body=NewProduct(name="Crème", price=2899.99, category="Épicerie"))
    assert isinstance(created, Product), created
    found = products_by_id.sync(created.id, client=client)
    refused = products_create.sync(client=client, body=NewProduct(name="", price=-1, category="x"))
    missing = products_by_id.sync(987654321, client=client)
with Client(base_url=url_without_database) as client:
    unavailable = products_list.sync(client=client)

print(
    json.dumps(
        {
            "list": len(everything),
            "pages": [[product.id for product in page] for page in (first, second)],
            "created": {"name": created.name, "price": created.price, "category": created.category},
            "isFound": found == created,
            "refused": error(refused),
            "missing": {**error(missing), "id": missing.product_id},
            "unavailable": error(unavailable),
        }
    )
)
