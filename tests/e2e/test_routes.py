"""Every route: permissions, methods, paths, and the order of its checks."""
import uuid

import pytest

from harness.raw_http import request
from harness.rest import ok, problem

ID = "0193a5b0-7c2d-7e3f-8a9b-0c1d2e3f4a5b"

# path, methods, least privileged role
ROUTES = [
    ("/users", {"POST": "anyone", "GET": "admin"}),
    (f"/users/{ID}", {"GET": "signed in", "PATCH": "signed in", "DELETE": "signed in"}),
    ("/auth/token", {"POST": "anyone"}),
    ("/auth/logout", {"POST": "signed in"}),
    ("/products", {"GET": "anyone", "POST": "admin"}),
    (f"/products/{ID}", {"GET": "anyone", "PATCH": "admin", "DELETE": "admin"}),
    (f"/products/{ID}/stock", {"POST": "admin"}),
    ("/orders", {"GET": "signed in", "POST": "signed in"}),
    (f"/orders/{ID}", {"GET": "signed in"}),
    (f"/orders/{ID}/timeline", {"GET": "signed in"}),
    (f"/orders/{ID}/cancel", {"POST": "signed in"}),
]
METHODS = ("GET", "HEAD", "POST", "PUT", "PATCH", "DELETE", "OPTIONS")
CALLS = [(path, method, who) for path, methods in ROUTES for method, who in methods.items()]


def allowed(methods):
    return set(methods) | ({"HEAD"} if "GET" in methods else set()) | {"OPTIONS"}


@pytest.mark.parametrize("path, methods", ROUTES, ids=[path.replace(ID, "ID") for path, _ in ROUTES])
def test_a_path_lists_its_methods(admin, path, methods):
    for method in set(METHODS) - allowed(methods):
        answer = admin.call(method, path)
        if method != "HEAD":
            problem(answer, 405)
        assert answer.status_code == 405
        assert set(answer.headers["Allow"].split(", ")) == allowed(methods), method
    answer = admin.call("OPTIONS", path)
    assert answer.status_code == 204 and set(answer.headers["Allow"].split(", ")) == allowed(methods)


@pytest.mark.parametrize("path, method, who", [call for call in CALLS if call[2] != "anyone"],
                         ids=lambda value: str(value).replace(ID, "ID"))
def test_authentication_is_checked_before_the_body(api, customer, path, method, who):
    """A malformed body of an unsupported type: 401 and 403 have priority."""
    bad = {"data": b"{", "headers": {"Content-Type": "text/plain"}} if method in ("POST", "PATCH") else {}
    problem(api.call(method, path, **bad), 401)
    if who == "admin":
        problem(customer.call(method, path, **bad), 403)


@pytest.mark.parametrize("path, method, who", [call for call in CALLS if call[1] in ("POST", "PATCH")],
                         ids=lambda value: str(value).replace(ID, "ID"))
def test_a_body_of_another_type_is_not_taken(admin, path, method, who):
    for media_type in ("text/plain", "application/xml", "application/jsonx", "application/json; charset=latin-1",
                       "application/*", "", "json", "multipart/form-data; boundary=x"):
        headers = {"Content-Type": media_type, "Idempotency-Key": uuid.uuid4().hex}
        answer = admin.call(method, path, data=b"{", headers=headers)
        problem(answer, 415)
        assert "application/json" in answer.headers["Accept-Patch" if method == "PATCH" else "Accept-Post"]
    no_type = admin.call(method, path, data=b"{")
    problem(no_type, 415)


def test_a_form_is_taken_where_tokens_are_given_and_nowhere_else(admin):
    headers = {"Content-Type": "application/x-www-form-urlencoded", "Idempotency-Key": uuid.uuid4().hex}
    problem(admin.call("POST", "/auth/token", data=b"grant_type=magic", headers=headers), 422, field="grant_type")
    problem(admin.call("POST", "/orders", data=b"note=x", headers=headers), 415)


def test_a_merge_patch_is_for_patches(admin, product):
    headers = {"Content-Type": "application/merge-patch+json"}
    ok(admin.patch(f"/products/{product['id']}", {"name": "Merged"}, headers=headers))
    problem(admin.post(f"/products/{product['id']}/stock", {"delta": 1}, headers=headers), 415)


@pytest.mark.parametrize("path, method, who", [call for call in CALLS if ID in call[0]],
                         ids=lambda value: str(value).replace(ID, "ID"))
def test_an_id_that_is_none_is_refused(stack, admin, path, method, who):
    body = b'{"delta":1}' if path.endswith("stock") else b'{"name":"X"}' if method == "PATCH" else b""
    headers = (f"Authorization: Bearer {admin.token}", "Content-Type: application/json", f"Content-Length: {len(body)}")
    for bad in ("x", "1", "-1", ID[:-1], ID + "0", ID.replace("-", ""), "{" + ID[1:-1] + "}", "%30" + ID[1:],
                "a" * 36, "0" * 100, "%00", "%C3%A9", "null", "..%2Fadmin"):
        path_sent = f"/v1{path.replace(ID, bad)}"
        problem(request(stack.port, f"{method} {path_sent} HTTP/1.1", *headers, body=body), 400)


@pytest.mark.parametrize("path, method, who", [call for call in CALLS if call[1] != "GET" or ID in call[0]],
                         ids=lambda value: str(value).replace(ID, "ID"))
def test_a_path_without_a_list_takes_no_query(admin, path, method, who):
    body = {"json": {}, "headers": {"Idempotency-Key": uuid.uuid4().hex}} if method in ("POST", "PATCH") else {}
    problem(admin.call(method, f"{path}?colour=red", **body), 400)


@pytest.mark.parametrize("path", ["/", "/v1", "/v1/", "/v2/products", "/v1/product", "/v1/products/", "/v1//products",
                                  "/v1/products/x/y", f"/v1/orders/{ID}/", f"/v1/orders/{ID}/cancel/now",
                                  "/v1/Products", "/v1/v1/products", "/.well-known", "/.well-known/jwks.json/",
                                  "/healthz", "/metrics",
                                  "/v1/products%2f", "/v1/../v1/products", "/v1/./products", "/index.html", "/%2e%2e/",
                                  "/v1/products;x=1", "/etc/passwd", "/v1/%70roducts"])
def test_there_is_nothing_at_any_other_path(stack, path):
    for method in ("GET", "POST", "DELETE"):
        problem(request(stack.port, f"{method} {path} HTTP/1.1", "Content-Length: 0"), 404)


def test_the_path_without_a_version_is_the_newest_version(stack, admin, product):
    for path in (f"/products/{product['id']}", "/products", "/orders"):
        headers = (f"Authorization: Bearer {admin.token}",)
        plain = request(stack.port, f"GET {path} HTTP/1.1", *headers)
        versioned = request(stack.port, f"GET /v1{path} HTTP/1.1", *headers)
        assert plain.status_code == versioned.status_code == 200 and plain.json() == versioned.json()
    problem(request(stack.port, "PUT /orders HTTP/1.1", "Content-Length: 0"), 405)


@pytest.mark.parametrize("path, body, status", [("/users", {}, 422), ("/products", {}, 422), ("/orders", {}, 422),
                                                ("/auth/token", {}, 422), (f"/products/{ID}/stock", {}, 422),
                                                (f"/products/{ID}", {"name": "X"}, 404),
                                                (f"/users/{ID}", {"name": "X"}, 404)])
def test_the_body_is_read_after_all_else(admin, path, body, status):
    method = "PATCH" if status == 404 else "POST"
    problem(admin.call(method, path, json=body, headers={"Idempotency-Key": uuid.uuid4().hex}), status)


# ---- headers of every answer ----

def test_a_request_is_known_by_the_id_that_the_client_gives_it(api):
    assert api.get("/products", headers={"X-Request-Id": "mine-1"}).headers["X-Request-Id"] == "mine-1"
    assert api.get("/nothing", headers={"X-Request-Id": "mine-2"}).headers["X-Request-Id"] == "mine-2"


def test_each_request_is_known_by_an_id_of_its_own(api):
    assert api.get("/products").headers["X-Request-Id"] != api.get("/products").headers["X-Request-Id"]


@pytest.mark.parametrize("bad", ["x" * 65, "with space", "<script>", 'quo"te', "caf\u00e9"])
def test_an_id_that_could_do_harm_is_not_repeated(api, bad):
    assert api.get("/products", headers={"X-Request-Id": bad.encode("utf-8")}).headers["X-Request-Id"] != bad


def test_no_script_of_another_origin_may_call_unless_a_setting_says_so(api):
    answer = api.get("/products", headers={"Origin": "https://evil.example"})
    assert "Access-Control-Allow-Origin" not in answer.headers


def test_personal_answers_are_not_cacheable_and_the_catalogue_is_revalidated(customer, product):
    assert customer.get(f"/users/{customer.id}").headers["Cache-Control"] == "no-store"
    assert customer.get("/orders").headers["Cache-Control"] == "no-store"
    assert customer.get(f"/products/{product['id']}").headers["Cache-Control"] == "no-cache"


@pytest.mark.sanitizer
def test_every_program_says_that_it_lives_and_is_ready_and_what_it_counts(stack):
    for program in ("svc-users", "svc-products", "svc-orders", "edge-http"):
        assert stack.admin(program, "healthz").status_code == 200
        assert stack.admin(program, "readyz").status_code == 200
        metrics = stack.admin(program, "metrics")
        assert metrics.status_code == 200 and "# TYPE comanda_" in metrics.text
