"""Every account of broker, databases and cache is refused what it must not do."""
import contextlib
import uuid
from contextlib import closing
from urllib.parse import urlsplit, urlunsplit

import pika
import psycopg2
import pytest
import redis
import requests

from harness.broker import Broker

SERVICES = ("users", "products", "orders")
ACCOUNTS = ("edge-http", "svc-users", "svc-products", "svc-orders", "operator")


def url_of(stack, account):
    return stack[f"COMANDA_BROKER_URL_{account.upper().replace('-', '_')}"]


def at(url, **parts):
    """The URL with another path, user or password."""
    split = urlsplit(url)
    user, password = parts.get("user", split.username), parts.get("password", split.password)
    return urlunsplit((split.scheme, f"{user}:{password}@{split.hostname}:{split.port}", parts.get("path", split.path),
                       "", ""))


# ---- the broker ----

def publish(exchange, key, **properties):
    return lambda broker: broker.publish(exchange, key, b"{}", **properties)


def read(queue):
    return lambda broker: broker.channel.basic_get(queue)


def consume_log(broker):
    broker.channel.basic_qos(prefetch_count=1)
    broker.channel.basic_consume("events.log", lambda *_: None, arguments={"x-stream-offset": "first"})


# What no account may do: declare, delete, bind or purge; publish to other exchanges; publish in another's name.
NOBODY = {
    "make a queue": lambda broker: broker.channel.queue_declare(f"x.{uuid.uuid4()}"),
    "make a queue that takes over an address": lambda broker: broker.channel.queue_declare("orders.commands"),
    "make an exchange": lambda broker: broker.channel.exchange_declare("x", "fanout"),
    "remove an exchange": lambda broker: broker.channel.exchange_delete("events"),
    "remove the log": lambda broker: broker.channel.queue_delete("events.log"),
    "hear all events": lambda broker: broker.channel.queue_bind("orders.events", "events", "#"),
    "hear no more": lambda broker: broker.channel.queue_unbind("orders.events", "events", "user.verified"),
    "listen to what the broker does": read("amq.rabbitmq.event"),
    "publish by amq.topic": publish("amq.topic", "order.placed"),
    "publish by amq.direct": publish("amq.direct", "orders.command"),
    "publish an event that is nobody's": publish("events", "invoice.sent"),
}
QUEUES = {f"{service}.{consumer}" for service in SERVICES for consumer in ("query", "command", "events", "dead")} | {
    "users.password", "events.log"}
MAY_READ = {
    "edge-http": set(),
    "svc-users": {"users.query", "users.command", "users.password", "users.events"},
    "svc-products": {"products.query", "products.command", "products.events"},
    "svc-orders": {"orders.query", "orders.command", "orders.events"},
    "operator": {"users.dead", "products.dead", "orders.dead", "events.log"},
}
EVENTS = ("user.verified", "product.created", "stock.reserved", "reservation.overdue", "order.placed",
          "order.confirmed")
MAY_PUBLISH = {"edge-http": (), "svc-users": ("user.",), "svc-products": ("product.", "stock.", "reservation."),
            "svc-orders": ("order.",), "operator": ()}
OTHER_CONNECTIONS = {
    "edge-http": {"answer in a service's stead": publish("", "amq.rabbitmq.reply-to.x"),
                  "put a command into a queue past the exchange": publish("", "orders.command"),
                  "bury a letter": publish("dead", "orders.dead")},
    "svc-users": {"ask as the edge does": publish("rpc", "orders.command")},
    "svc-products": {"ask as the edge does": publish("rpc", "users.command")},
    "svc-orders": {"ask as the edge does": publish("rpc", "products.command")},
    "operator": {"ask as the edge does": publish("rpc", "users.command")},
}


def forbidden_at_the_broker():
    for account in ACCOUNTS:
        acts = dict(NOBODY) | OTHER_CONNECTIONS[account]
        acts |= {f"read {queue}": read(queue) for queue in sorted(QUEUES - MAY_READ[account]) if queue != "events.log"}
        if "events.log" not in MAY_READ[account]:
            acts["read the log"] = consume_log
        acts |= {f"tell {event}": publish("events", event) for event in EVENTS
                 if not event.startswith(MAY_PUBLISH[account])}
        for what, act in acts.items():
            yield pytest.param(account, act, id=f"{account} may not {what}")


@pytest.mark.parametrize("account, act", forbidden_at_the_broker())
def test_the_broker_refuses(stack, account, act):
    broker = Broker(url_of(stack, account))
    try:
        with pytest.raises(pika.exceptions.ChannelClosedByBroker) as closed:
            act(broker)
        assert closed.value.reply_code == 403, closed.value
    finally:
        broker.close()


@pytest.mark.parametrize("account", ACCOUNTS)
def test_the_broker_refuses_another_name(stack, account):
    way = {"edge-http": ("rpc", "users.query"), "svc-users": ("events", "user.verified"),
           "svc-products": ("events", "stock.sold"), "svc-orders": ("events", "order.placed"),
           "operator": ("events", "operator.x")}[account]
    for name in set(ACCOUNTS) - {account}:
        broker = Broker(url_of(stack, account))
        with pytest.raises(pika.exceptions.ChannelClosedByBroker) as closed:
            broker.publish(*way, b"{}", user_id=name)
        assert closed.value.reply_code == 406, closed.value
        broker.close()


@pytest.mark.parametrize("account", ACCOUNTS)
def test_the_broker_limits_each_account_to_its_own_queues(stack, account):
    with pytest.raises(pika.exceptions.AMQPError):  # no right in the default virtual host
        Broker(at(url_of(stack, account), path="/%2F"))
    split = urlsplit(url_of(stack, account))
    port = stack["COMANDA_MANAGEMENT_PORT"]
    for path in ("overview", "users", "definitions"):
        answer = requests.get(f"http://127.0.0.1:{port}/api/{path}", auth=(split.username, split.password), timeout=10,
                              proxies={"http": None})
        assert answer.status_code == 401, f"{account} sees {path} of the management API"


def test_the_broker_has_no_account_outside_the_table(stack):
    with pytest.raises(pika.exceptions.AMQPConnectionError):
        Broker(at(url_of(stack, "edge-http"), user="guest", password="guest"))
    users = {user["name"]: user["tags"] for user in stack.management("GET", "users").json()}
    assert set(users) == set(ACCOUNTS) | {"comanda"}
    assert not any(users[account] for account in ACCOUNTS), "no account of a program has a tag"


# ---- the databases ----

NO_WORKER = {
    "make a table": "CREATE TABLE x (y int)",
    "make a temporary table": "CREATE TEMPORARY TABLE x (y int)",
    "make a schema": "CREATE SCHEMA x",
    "make a function": "CREATE FUNCTION x() RETURNS int LANGUAGE sql AS 'SELECT 1'",
    "make a role": "CREATE ROLE x LOGIN",
    "make a database": "CREATE DATABASE x",
    "change a table": "ALTER TABLE outbox ADD x int",
    "drop a table": "DROP TABLE outbox",
    "empty a table at one stroke": "TRUNCATE outbox",
    "add an index": "CREATE INDEX ON outbox (id)",
    "give itself the tables": "GRANT migrate_{service} TO CURRENT_USER",
    "forget a migration": "DELETE FROM schema_migrations",
    "pretend a migration": "INSERT INTO schema_migrations (name, checksum) VALUES ('x', 'x')",
    "become who owns the tables": "SET ROLE migrate_{service}",
    "become superuser": "SET ROLE postgres",
    "make itself superuser": "ALTER ROLE CURRENT_USER SUPERUSER",
    "read passwords of roles": "SELECT rolpassword FROM pg_authid",
    "read a file": "SELECT pg_read_file('/etc/passwd')",
    "run a program": "COPY (SELECT 1) TO PROGRAM 'true'",
    "read into a table from a file": "COPY outbox FROM '/etc/passwd'",
    "change the server": "ALTER SYSTEM SET fsync = off",
    "load a library": "LOAD 'auto_explain'; SET auto_explain.log_min_duration = 0; LOAD '/tmp/x.so'",
    "write large objects of others": "SELECT lo_import('/etc/passwd')",
}
NO_MIGRATOR = {name: NO_WORKER[name] for name in (
    "make a role", "make a database", "become superuser", "make itself superuser", "read passwords of roles",
    "read a file", "run a program", "read into a table from a file", "change the server")}
NO_OPERATOR = NO_WORKER | {
    "send an event": "INSERT INTO outbox (id) VALUES (gen_random_uuid())",
    "remove an event": "DELETE FROM outbox",
    "see what was answered": "SELECT answer FROM inbox_commands",
}
OPERATORS_OWN = {
    "users": {"read password hashes": "SELECT password_hash FROM users", "read sessions": "SELECT * FROM sessions",
              "make an admin": "UPDATE users SET role = 'admin'"},
    "products": {"change stock": "UPDATE products SET on_hand = 0"},
    "orders": {"confirm an order": "UPDATE orders SET state = 3", "remove an order": "DELETE FROM orders"},
}


def database_accounts():
    for service in SERVICES:
        yield f"svc_{service}", service, NO_WORKER
        yield f"migrate_{service}", service, NO_MIGRATOR
        yield "comanda_operator", service, NO_OPERATOR | OPERATORS_OWN[service]


def database_url(stack, role, database):
    """The URL of a role for a database."""
    if role == "comanda_operator":
        names = dict(line.split("=", 1) for line in (stack.directory / "secrets").read_text().splitlines())
        base = at(stack["COMANDA_DATABASE_URL_SVC_USERS"], user=role, password=names["DATABASE_PASSWORD_COMANDA_OPERATOR"])
    else:
        kind, service = role.split("_")
        base = stack[f"COMANDA_{'DATABASE' if kind == 'svc' else 'MIGRATIONS'}_URL_SVC_{service.upper()}"]
    return at(base, path=f"/{database}")


@pytest.mark.parametrize("role, service, statement", [
    pytest.param(role, service, statement, id=f"{role} may not {what} in {service}")
    for role, service, forbidden in database_accounts() for what, statement in forbidden.items()])
def test_the_database_refuses(stack, role, service, statement):
    with closing(psycopg2.connect(database_url(stack, role, service))) as connection:
        connection.autocommit = True
        with pytest.raises(psycopg2.Error) as refused, connection.cursor() as cursor:
            cursor.execute(statement.format(service=service))
        assert refused.value.pgcode in ("42501", "42809"), refused.value  # insufficient privilege


@pytest.mark.parametrize("role", [f"{kind}_{service}" for kind in ("svc", "migrate") for service in SERVICES])
def test_no_role_opens_another_services_database(stack, role):
    for other in {*SERVICES, "postgres", "template1"} - {role.split("_")[1]}:
        with pytest.raises(psycopg2.OperationalError, match="permission denied for database|User does not have CONNECT"):
            psycopg2.connect(database_url(stack, role, other))


def test_the_superuser_comes_by_the_socket_alone(stack):
    with pytest.raises(psycopg2.OperationalError, match="pg_hba.conf rejects"):
        psycopg2.connect(at(stack["COMANDA_DATABASE_URL_SVC_USERS"], user="postgres", password="x"))


# ---- the cache ----

NO_CACHE = {
    "read another key": ("GET", "session:1"),
    "write another key": ("SET", "x", "1"),
    "remove another key": ("DEL", "x"),
    "list keys": ("KEYS", "*"),
    "walk the keys": ("SCAN", "0"),
    "empty it": ("FLUSHALL",),
    "empty a database": ("FLUSHDB",),
    "see settings": ("CONFIG", "GET", "*"),
    "change settings": ("CONFIG", "SET", "dir", "/tmp"),
    "write to disk": ("SAVE",),
    "see accounts": ("ACL", "LIST"),
    "make an account": ("ACL", "SETUSER", "x"),
    "watch others": ("MONITOR",),
    "see who is there": ("CLIENT", "LIST"),
    "end others": ("CLIENT", "KILL", "TYPE", "normal"),
    "make it a replica": ("REPLICAOF", "127.0.0.1", "1"),
    "load code": ("MODULE", "LOAD", "/tmp/x.so"),
    "forget the scripts": ("SCRIPT", "FLUSH"),
    "stop it": ("SHUTDOWN", "NOSAVE"),
    "hold it up": ("DEBUG", "SLEEP", "1"),
    "publish": ("PUBLISH", "x", "y"),
    "reach another key by a script": ("EVAL", "return redis.call('GET', 'session:1')", "0"),
    "reach another command by a script": ("EVAL", "return redis.call('KEYS', '*')", "0"),
}


@pytest.mark.parametrize("command", [pytest.param(command, id=f"svc-products may not {what}")
                                     for what, command in NO_CACHE.items()])
def test_the_cache_refuses(stack, command):
    with contextlib.closing(redis.Redis.from_url(stack["COMANDA_REDIS_URL"])) as cache:
        assert urlsplit(stack["COMANDA_REDIS_URL"]).username == "svc-products"
        with pytest.raises(redis.RedisError, match="(?i)no permissions|can't (run|access)|not allowed"):
            cache.execute_command(*command)


def test_the_cache_refuses_anonymous_access(stack):
    split = urlsplit(stack["COMANDA_REDIS_URL"])
    for credentials in ({}, {"password": split.password}, {"username": "default", "password": split.password}):
        with contextlib.closing(redis.Redis(host=split.hostname, port=split.port, **credentials)) as cache:
            with pytest.raises(redis.RedisError):
                cache.ping()
