"""The table of faults: targets, duration and weight. The function of a fault starts it, and returns a function that ends it
(or None)."""
import signal
import time
import uuid
from collections import namedtuple

from chaos.processes import PROGRAMS, SERVICES, Replica, alive, await_ready, backends, group, send
from chaos.disks import disk_alarm, disk_full
from chaos.rolling import rolling
from chaos.connections import TO_BROKER, TO_CACHE, TO_DATABASE, all_connections
from harness.broker import Broker, close_connections, event

# seconds: minimum and maximum duration. weight: relative frequency; 0: only with --only. alone: no other fault at the
# same time.
Fault = namedtuple("Fault", "kind act targets seconds weight alone", defaults=(False,))

QUEUES = ("users.query", "products.query", "products.command", "orders.query", "orders.command")


def queue_prefix(service):
    return service.removeprefix("svc-")


# ---- crashes ----

def kill(context, part):
    pid = alive(context.stack, part)
    send(pid, signal.SIGKILL)
    # The fault ends when a new process runs.
    return lambda: await_ready(lambda: alive(context.stack, part) not in (None, pid), 30, part)


def crash_again(context, program):
    """Kills the program repeatedly, right after each start. Its messages are redelivered, and none is poison."""
    for _ in range(4):
        pid = alive(context.stack, program)
        time.sleep(context.random.uniform(0.05, 0.8))
        kill(context, program)()
        assert alive(context.stack, program) != pid


def kill_backend(context, service):
    victims = backends(context.stack, service)
    if victims:
        send(context.random.choice(victims), signal.SIGKILL)


def end_backend(context, service):
    for pid in backends(context.stack, service):
        send(pid, signal.SIGTERM)


def freeze(context, part):
    frozen = group(context.stack, part)
    for pid in frozen:
        send(pid, signal.SIGSTOP)

    def thaw():
        for pid in frozen:
            send(pid, signal.SIGCONT)
    return thaw


def restart(context, program):
    context.restart(program)


# ---- the broker and its connections ----

def alarm(context, _broker):
    """Raises a memory alarm. One command also schedules its end, because rabbitmqctl takes seconds to start."""
    monitor, lasts_ms = "vm_memory_monitor", int(context.random.uniform(1500, 6000))
    context.rabbitmqctl("eval", f"{monitor}:set_vm_memory_high_watermark(0.00001), "
                              f"timer:apply_after({lasts_ms}, {monitor}, set_vm_memory_high_watermark, [0.4]).")
    time.sleep(lasts_ms / 1000)
    return lambda: context.insist(lambda: context.stack.management("GET", "health/checks/local-alarms").status_code == 200)


def close_all(context, program):
    close_connections(context.stack, program)


def cut(context, way):
    context.network.command(way, "cut")
    return lambda: context.network.command(way, "restore")


def slow(context, way):
    context.network.command(way, "slow", f"{context.random.uniform(0.02, 0.4):.3f}")
    return lambda: context.network.command(way, "restore")


def reset(context, way):
    context.network.command(way, "reset")


def no_replies(context, way):
    """Requests arrive, but their answers are lost: the outcome of a commit, a confirm or an ack is unknown."""
    context.network.command(way, "no-replies")

    def end():
        context.network.command(way, "reset")
        context.network.command(way, "restore")
    return end


def full_queue(context, queue):
    """The queue is full, and its consumer is frozen."""
    policy = f"policies/comanda/chaos-{queue}"
    context.stack.management("PUT", policy, json={
        "pattern": f"^{queue.replace('.', '[.]')}$", "apply-to": "queues", "priority": 100,
        "definition": {"max-length": 1, "overflow": "reject-publish"}})
    thaw = freeze(context, f"svc-{queue.split('.')[0]}")

    def mend():
        thaw()
        context.insist(lambda: context.stack.management("DELETE", policy).status_code in (204, 404))
    return mend


# ---- unwanted messages ----

def redeliver(context, service):
    """Publishes events of the log again to the service's queue, twice and in random order, like a redelivery."""
    wanted = context.subscriptions(f"{queue_prefix(service)}.events")
    known = [each for each in context.log.events() if each["type"].removeprefix("comanda.").rsplit(".", 1)[0] in wanted]
    again = context.random.sample(known, min(60, len(known))) + known[-40:]
    again *= 2
    context.random.shuffle(again)
    broker = Broker(context.stack[f"COMANDA_BROKER_URL_{service.upper().replace('-', '_')}"])
    try:
        while again:
            size = context.random.choice((1, 1, 5, 25))
            batch, again = again[:size], again[size:]
            broker.publish_events(batch if len(batch) > 1 else batch[0], key=f"{queue_prefix(service)}.events", exchange="")
    finally:
        broker.close()


def poison(context, service):
    """Three messages: malformed; invalid; from a program that may not send it."""
    queue, mark = f"{queue_prefix(service)}.events", uuid.uuid4().hex
    source = {"svc-users": ("order.placed", "svc-orders"), "svc-products": ("order.placed", "svc-orders"),
              "svc-orders": ("stock.reserved", "svc-products")}[service]
    own = context.stack[f"COMANDA_BROKER_URL_{service.upper().replace('-', '_')}"]
    stranger = "svc-users" if service != "svc-users" else "svc-products"
    unreadable = f"{{\"poison\": \"{mark}\", nothing".encode()
    wrong = event(*source, str(uuid.uuid4()), {"order_id": "no id", "poison": mark})
    forged = event(*source, str(uuid.uuid4()), {"poison": mark})
    context.poisoned(service, mark, 0)
    broker = Broker(own)
    try:
        broker.publish("", queue, unreadable, content_type="application/cloudevents+json", delivery_mode=2)
        context.poisoned(service, mark, 1)
        broker.publish_events(wrong, key=queue, exchange="")
        context.poisoned(service, mark, 2)
    finally:
        broker.close()
    broker = Broker(context.stack[f"COMANDA_BROKER_URL_{stranger.upper().replace('-', '_')}"])
    try:
        broker.publish_events(forged, key=queue, exchange="")
        context.poisoned(service, mark, 3)
    finally:
        broker.close()


# ---- replicas ----

def replica(context, program):
    second = Replica(context.stack, program, context.other_build)
    try:
        await_ready(second.ready, 30, f"a second {program}")
    except AssertionError:
        second.stop(signal.SIGKILL)
        raise
    if program == "edge-http":
        context.rest.add(second.url)
    how = context.random.choice((signal.SIGTERM, signal.SIGKILL))

    def end():
        if program == "edge-http":
            context.rest.remove(second.url)
            time.sleep(0.3)
        status = second.stop(how)
        if how == signal.SIGTERM and status != 0:
            context.records.violated(f"a second {program} ended with {status}, asked to end")
    return end


def zombie(context, service):
    """Freezes a replica until another one has taken over its work, then lets it continue."""
    end = replica(context, service)
    thaw = freeze(context, service)

    def wake():
        thaw()
        time.sleep(2)
        end()
    return wake


FAULTS = (
    Fault("kill", kill, PROGRAMS, (0, 0), 8),
    Fault("crash-again", crash_again, SERVICES, (0, 0), 1),
    Fault("kill-broker", kill, ("rabbitmq",), (0, 0), 1.5, alone=True),
    Fault("kill-postgres", kill, ("postgres",), (0, 0), 1.5),
    Fault("kill-backend", kill_backend, SERVICES, (0, 0), 1.5),
    Fault("end-backends", end_backend, SERVICES, (0, 0), 2),
    Fault("kill-redis", kill, ("redis",), (0, 0), 1.5),
    Fault("freeze", freeze, PROGRAMS, (0.3, 9), 6),
    Fault("freeze-broker", freeze, ("rabbitmq",), (0.5, 8), 1.5),
    Fault("freeze-postgres", freeze, ("postgres",), (0.3, 7), 1.5),
    Fault("freeze-redis", freeze, ("redis",), (0.3, 6), 1.5),
    Fault("restart", restart, PROGRAMS, (0, 0), 2),
    Fault("alarm", alarm, ("rabbitmq",), (0, 0), 1.5),
    Fault("close", close_all, PROGRAMS, (0, 0), 3),
    Fault("cut", cut, TO_BROKER, (0.5, 15), 2.5),
    Fault("cut-database", cut, TO_DATABASE, (0.5, 12), 2),
    Fault("cut-cache", cut, TO_CACHE, (0.3, 6), 1),
    Fault("slow", slow, all_connections(), (2, 8), 2),
    Fault("reset", reset, all_connections(), (0, 0), 2),
    Fault("no-replies", no_replies, TO_BROKER, (0.1, 6), 2.5),
    Fault("no-replies-database", no_replies, TO_DATABASE, (0.05, 4), 4),
    Fault("no-replies-cache", no_replies, TO_CACHE, (0.05, 3), 1),
    Fault("full-queue", full_queue, QUEUES, (0.5, 2.5), 2),
    Fault("redeliver", redeliver, SERVICES, (0, 0), 4),
    Fault("poison", poison, SERVICES, (0, 0), 2),
    Fault("replica", replica, PROGRAMS, (2, 8), 3),
    Fault("zombie", zombie, SERVICES, (12, 26), 1.5),
    Fault("rolling", rolling, ("all",), (0, 0), 0.5, alone=True),
    Fault("disk-full", disk_full, ("rabbitmq", "postgres"), (5, 15), 0, alone=True),
    Fault("disk-alarm", disk_alarm, ("rabbitmq",), (12, 20), 0, alone=True),
)
