"""The keys of access tokens: a rotation without an outage, and verification with another library."""
import json
import shutil
import subprocess
import threading
import time
import uuid

import jwt
import pytest
from cryptography.hazmat.primitives import serialization
from cryptography.hazmat.primitives.asymmetric import ec

from harness.waiting import eventually
from harness.rest import Client, is_served, ok, problem

JOSE = "jose@5.10.0"

VERIFY = """
import { createRemoteJWKSet, jwtVerify } from 'jose'
const [url, ...tokens] = process.argv.slice(2)
const keys = createRemoteJWKSet(new URL(url))
const claims = []
for (const token of tokens)
    for (const audience of ['comanda', 'another'])
        claims.push(await jwtVerify(token, keys, { issuer: 'comanda', audience })
            .then(({ payload, protectedHeader }) => ({ payload, protectedHeader }), error => ({ error: error.code })))
console.log(JSON.stringify(claims))
"""


def new_key():
    return ec.generate_private_key(ec.SECP256R1()).private_bytes(
        serialization.Encoding.PEM, serialization.PrivateFormat.PKCS8, serialization.NoEncryption()).decode()


def signed(key, key_id, user_id):
    now = int(time.time())
    claims = {"iss": "comanda", "aud": "comanda", "sub": user_id, "sid": str(uuid.uuid4()), "role": "customer",
            "iat": now, "exp": now + 600}
    return jwt.encode(claims, key, algorithm="ES256", headers={"kid": key_id})


def key_ids(api):
    return [key["kid"] for key in ok(api.get("/.well-known/jwks.json"))["keys"]]


def sign_in(api, user):
    body = {"grant_type": "password", "email": user.user["email"], "password": user.password}
    return ok(api.post("/auth/token", body))["access_token"]


class Reader(threading.Thread):
    """Reads orders during the rotation, with tokens issued before it."""

    def __init__(self, client):
        super().__init__()
        self.client, self.over, self.seen = client, threading.Event(), []

    def __enter__(self):
        self.start()
        return self

    def __exit__(self, *_):
        self.over.set()
        self.join()

    def run(self):
        while not self.over.wait(0.02):
            self.seen.append(self.client.get("/orders").status_code)


@pytest.fixture
def rotating(stack, customer):
    """Restarts svc-users with other keys; restores it at the end, and waits until the edge has the keys."""

    def restart(**files):
        stack.restart("svc-users", **{f"COMANDA_TOKEN_{name}_FILE": str(path) for name, path in files.items()})

    yield restart
    stack.restart("svc-users")
    eventually(lambda: is_served(customer))


def test_a_key_is_changed_without_an_outage(stack, api, new_customer, tmp_path, rotating):
    user, own, path = new_customer("Radia"), stack["COMANDA_TOKEN_KEY_FILE"], tmp_path / "next.pem"
    key, old_id = new_key(), stack.key_id()
    path.write_text(key)
    signed_in_before = Client(stack.url, sign_in(api, user), user.user)

    def opens(token):
        return lambda: is_served(Client(stack.url, token, user.user))

    with Reader(signed_in_before) as reader:
        rotating(KEY=own, KEY_SECONDARY=path)
        shown = key_ids(api)
        assert len(shown) == 2 and shown[0] == old_id
        assert jwt.get_unverified_header(sign_in(api, user))["kid"] == old_id
        eventually(opens(signed(key, shown[1], user.id)))

        rotating(KEY=path, KEY_SECONDARY=own)
        assert key_ids(api) == [shown[1], old_id]
        token = sign_in(api, user)
        assert jwt.get_unverified_header(token)["kid"] == shown[1]
        assert opens(token)()
        assert opens(signed(stack.token_key, old_id, user.id))(), "a token of the old key that nobody had seen yet"
        for key_id in (old_id, shown[1], "unknown"):
            stranger = Client(stack.url, signed(new_key(), key_id, user.id))
            problem(stranger.get(f"/users/{user.id}"), 401)
    assert reader.seen and set(reader.seen) == {200}

    rotating(KEY=path)
    assert key_ids(api) == [shown[1]]
    assert opens(token)()

    def old_is_refused():
        Client(stack.url, signed(new_key(), "unknown", user.id)).get(f"/users/{user.id}")
        return signed_in_before.get(f"/users/{user.id}").status_code == 401

    eventually(old_is_refused)


@pytest.fixture(scope="session")
def jose(tmp_path_factory):
    """A directory with the npm package jose."""
    directory = tmp_path_factory.mktemp("jose")
    if not (shutil.which("npm") and shutil.which("node")):
        pytest.skip("there is no npm and node here, and so no library of somebody else's to ask")
    command = ["npm", "install", "--no-audit", "--no-fund", "--prefer-offline", "--fetch-retries=0",
               "--fetch-timeout=10000", JOSE]
    try:
        done = subprocess.run(command, cwd=directory, capture_output=True, text=True, timeout=30)
    except subprocess.TimeoutExpired:
        pytest.skip(f"npm could not fetch {JOSE} within 30 s")
    if done.returncode != 0:
        pytest.skip(f"npm could not fetch {JOSE}: {done.stderr.strip().splitlines()[:1]}")
    return directory


def test_another_library_verifies_tokens_with_the_address_of_the_keys(stack, api, customer, jose):
    (jose / "verify.mjs").write_text(VERIFY)
    forged = signed(new_key(), stack.key_id(), customer.id)
    command = ["node", "verify.mjs", f"{stack.url}/.well-known/jwks.json", sign_in(api, customer), forged]
    done = subprocess.run(command, cwd=jose, capture_output=True, text=True, timeout=60)
    assert done.returncode == 0, done.stderr
    ours, for_others, *strangers = json.loads(done.stdout)
    assert (ours["payload"]["sub"], ours["payload"]["role"]) == (customer.id, "customer")
    assert ours["protectedHeader"]["alg"] == "ES256"
    assert for_others == {"error": "ERR_JWT_CLAIM_VALIDATION_FAILED"}
    assert strangers == [{"error": "ERR_JWS_SIGNATURE_VERIFICATION_FAILED"}] * 2
