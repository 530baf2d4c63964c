"""Access tokens: others can verify them, and the edge accepts only valid ones."""
import base64
import json
import time
import uuid

import jwt
import pytest
from cryptography.hazmat.primitives import serialization
from cryptography.hazmat.primitives.asymmetric import ec
from hypothesis import given, strategies

from harness.rest import Client, ok, problem

HOUR = 3600


def b64(data):
    return base64.urlsafe_b64encode(data).rstrip(b"=").decode()


def pem(key):
    return key.private_bytes(serialization.Encoding.PEM, serialization.PrivateFormat.PKCS8,
                             serialization.NoEncryption())


def refused(api, user_id, token, **headers):
    """Expects that the edge refuses the token with 401."""
    sent = headers or {"Authorization": f"Bearer {token}"}
    return problem(api.get(f"/users/{user_id}", headers=sent), 401)


def claims(user_id, **more):
    now = int(time.time())
    return {"iss": "comanda", "aud": "comanda", "sub": user_id, "sid": str(uuid.uuid4()), "role": "customer",
            "iat": now, "exp": now + HOUR} | more


def test_the_published_keys_verify_a_token_elsewhere(api, customer):
    keys = ok(api.get("/.well-known/jwks.json"))["keys"]
    assert all(key["kty"] == "EC" and key["crv"] == "P-256" and key["alg"] == "ES256" and key["use"] == "sig"
               and "d" not in key for key in keys), keys
    body = {"grant_type": "password", "email": customer.user["email"], "password": customer.password}
    token = ok(api.post("/auth/token", body))["access_token"]
    header = jwt.get_unverified_header(token)
    assert header["alg"] == "ES256"
    key = next(key for key in keys if key["kid"] == header["kid"])
    said = jwt.decode(token, jwt.PyJWK(key).key, algorithms=["ES256"], audience="comanda", issuer="comanda")
    assert (said["sub"], said["role"]) == (customer.id, "customer")
    assert said["exp"] - said["iat"] == 15 * 60
    with pytest.raises(jwt.InvalidSignatureError):
        jwt.decode(token[:-6] + "AAAAAA", jwt.PyJWK(key).key, algorithms=["ES256"], audience="comanda")


def test_a_token_that_has_expired_is_refused(stack, api, customer):
    for ago in (60, HOUR, 10 * 365 * 24 * HOUR):
        now = int(time.time())
        refused(api, customer.id, stack.token(customer.id, iat=now - ago - HOUR, exp=now - ago))


@pytest.mark.parametrize("changed", [{"iss": "somebody"}, {"aud": "something"}, {"sub": "root"}, {"role": "king"},
                                     {"sub": None}, {"role": None}, {"exp": None}, {"iss": None}, {"aud": None},
                                     {"exp": "tomorrow"}, {"sub": 7}, {"role": ["admin"]}])
def test_a_token_needs_all_claims(stack, api, customer, changed):
    refused(api, customer.id, stack.token(customer.id, **changed))


def test_a_token_of_another_signer_is_refused_even_under_our_key_id(stack, api, customer):
    foreign = pem(ec.generate_private_key(ec.SECP256R1()))
    for key_id in (stack.key_id(), "another", ""):
        token = jwt.encode(claims(customer.id), foreign, algorithm="ES256", headers={"kid": key_id})
        refused(api, customer.id, token)


def test_a_token_without_a_signature_is_refused(stack, api, customer):
    body = b64(json.dumps(claims(customer.id)).encode())
    for algorithm in ("none", "None", "NONE", "ES256"):
        head = b64(json.dumps({"alg": algorithm, "typ": "JWT", "kid": stack.key_id()}).encode())
        refused(api, customer.id, f"{head}.{body}.")
        refused(api, customer.id, f"{head}.{body}")


def test_the_public_key_is_no_secret_to_sign_with(stack, api, customer):
    key = serialization.load_pem_private_key(stack.token_key.encode(), None).public_key()
    public = key.public_bytes(serialization.Encoding.PEM, serialization.PublicFormat.SubjectPublicKeyInfo)
    published = json.dumps(ok(api.get("/.well-known/jwks.json"))["keys"][0]).encode()
    for secret in (public, public.strip(), published, b""):
        head = b64(json.dumps({"alg": "HS256", "typ": "JWT", "kid": stack.key_id()}).encode())
        signing = f"{head}.{b64(json.dumps(claims(customer.id)).encode())}"
        signature = jwt.algorithms.HMACAlgorithm(jwt.algorithms.HMACAlgorithm.SHA256).sign(signing.encode(), secret)
        refused(api, customer.id, f"{signing}.{b64(signature)}")


def test_a_token_with_a_forged_role_is_refused(stack, api, customer):
    head, body, signature = stack.token(customer.id).split(".")
    said = json.loads(base64.urlsafe_b64decode(body + "=="))
    forged = b64(json.dumps(said | {"role": "admin"}).encode())
    refused(api, customer.id, f"{head}.{forged}.{signature}")


@given(data=strategies.data())
def test_a_token_changed_in_any_place_is_refused(stack, api, customer, data):
    token = stack.token(customer.id)
    end = len(token) - 1  # the last letter has unused bits
    at = data.draw(strategies.integers(0, end - 1))
    letters = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_."
    letter = data.draw(strategies.sampled_from([letter for letter in letters if letter != token[at]]))
    refused(api, customer.id, token[:at] + letter + token[at + 1:])


@pytest.mark.parametrize("header", ["", "Bearer", "Bearer ", "Basic YTpi", "bearer", "Bearer a b", "Bearer x,y",
                                    "Token abc", "Bearer ..", "Bearer " + "A" * 5000, "Bearer \u00e9\u00e9"])
def test_a_token_that_is_no_bearer_token_is_refused(api, customer, header):
    refused(api, customer.id, None, Authorization=header.encode("utf-8"))


def test_the_word_bearer_may_be_written_small(stack, api, customer):
    sent = {"Authorization": f"bearer {stack.token(customer.id)}"}
    assert ok(api.get(f"/users/{customer.id}", headers=sent))["id"] == customer.id


def test_public_routes_need_no_token(stack, api, product):
    bad = Client(stack.url, "this.is.nothing")
    assert ok(bad.get(f"/products/{product['id']}"))["id"] == product["id"]
