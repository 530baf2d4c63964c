"""The faults, one a row: what it is done to, how long it lasts, how often it comes. A fault's function does it and
returns what takes it back (or None)."""
import signal
import time
import uuid
from collections import namedtuple

from chaos.parts import PROGRAMS, SERVICES, Replica, alive, await_ready, backends, group, send
from chaos.disks import disk_alarm, disk_full
from chaos.rolling import rolling
from chaos.ways import TO_BROKER, TO_CACHE, TO_DATABASE, all_ways
from kit.broker import Broker, close_connections, event

# seconds: how long it lasts, least and most. weight: how often it comes, 0 only where it is asked for. alone: nothing else
# happens meanwhile.
Fault = namedtuple("Fault", "kind act targets seconds weight alone", defaults=(False,))

HOUSES = ("users", "products", "orders")
QUEUES = ("users.query", "products.query", "products.command", "orders.query", "orders.command")


def house(service):
    return service.removeprefix("svc-")


# ---- ends without warning ----

def kill(world, part):
    pid = alive(world.stack, part)
    send(pid, signal.SIGKILL)
    # It is over once there is another one.
    return lambda: await_ready(lambda: alive(world.stack, part) not in (None, pid), 30, part)


def crash_again(world, program):
    """Again as soon as it is there: what it held is delivered again and again, and none of that is to blame."""
    for _ in range(4):
        pid = alive(world.stack, program)
        time.sleep(world.random.uniform(0.05, 0.8))
        kill(world, program)()
        assert alive(world.stack, program) != pid


def kill_backend(world, service):
    victims = backends(world.stack, service)
    if victims:
        send(world.random.choice(victims), signal.SIGKILL)


def end_backend(world, service):
    for pid in backends(world.stack, service):
        send(pid, signal.SIGTERM)


def freeze(world, part):
    frozen = group(world.stack, part)
    for pid in frozen:
        send(pid, signal.SIGSTOP)

    def thaw():
        for pid in frozen:
            send(pid, signal.SIGCONT)
    return thaw


def restart(world, program):
    world.restart(program)


# ---- the broker and the way to it ----

def alarm(world, _broker):
    """The broker is told at once when to end it: its tool takes seconds to start on a busy machine."""
    monitor, lasts_ms = "vm_memory_monitor", int(world.random.uniform(1500, 6000))
    world.rabbitmqctl("eval", f"{monitor}:set_vm_memory_high_watermark(0.00001), "
                              f"timer:apply_after({lasts_ms}, {monitor}, set_vm_memory_high_watermark, [0.4]).")
    time.sleep(lasts_ms / 1000)
    return lambda: world.insist(lambda: world.stack.management("GET", "health/checks/local-alarms").status_code == 200)


def close_all(world, program):
    close_connections(world.stack, program)


def cut(world, way):
    world.network.tell(way, "cut")
    return lambda: world.network.tell(way, "heal")


def slow(world, way):
    world.network.tell(way, "slow", f"{world.random.uniform(0.02, 0.4):.3f}")
    return lambda: world.network.tell(way, "heal")


def reset(world, way):
    world.network.tell(way, "reset")


def deaf(world, way):
    """What is said arrives, its answer never does: a commit, a confirm, an ack of which nobody knows."""
    world.network.tell(way, "deaf")

    def end():
        world.network.tell(way, "reset")
        world.network.tell(way, "heal")
    return end


def full_queue(world, queue):
    """Nothing fits into the queue, and nobody empties it."""
    policy = f"policies/comanda/chaos-{queue}"
    world.stack.management("PUT", policy, json={
        "pattern": f"^{queue.replace('.', '[.]')}$", "apply-to": "queues", "priority": 100,
        "definition": {"max-length": 1, "overflow": "reject-publish"}})
    thaw = freeze(world, f"svc-{queue.split('.')[0]}")

    def mend():
        thaw()
        world.insist(lambda: world.stack.management("DELETE", policy).status_code in (204, 404))
    return mend


# ---- messages that ought not to be there ----

def redeliver(world, service):
    """What the log has for this service comes again, twice, in any order: to its queue, as a redelivery would."""
    wanted = world.subscriptions(f"{house(service)}.events")
    known = [each for each in world.log.events() if each["type"].removeprefix("comanda.").rsplit(".", 1)[0] in wanted]
    again = world.random.sample(known, min(60, len(known))) + known[-40:]
    again *= 2
    world.random.shuffle(again)
    broker = Broker(world.stack[f"COMANDA_BROKER_URL_{service.upper().replace('-', '_')}"])
    try:
        while again:
            size = world.random.choice((1, 1, 5, 25))
            batch, again = again[:size], again[size:]
            broker.tell(batch if len(batch) > 1 else batch[0], key=f"{house(service)}.events", exchange="")
    finally:
        broker.close()


def poison(world, service):
    """Unreadable; readable and wrong; of somebody who may not say it."""
    queue, mark = f"{house(service)}.events", uuid.uuid4().hex
    source = {"svc-users": ("order.placed", "svc-orders"), "svc-products": ("order.placed", "svc-orders"),
              "svc-orders": ("stock.reserved", "svc-products")}[service]
    own = world.stack[f"COMANDA_BROKER_URL_{service.upper().replace('-', '_')}"]
    stranger = "svc-users" if service != "svc-users" else "svc-products"
    unreadable = f"{{\"poison\": \"{mark}\", nothing".encode()
    wrong = event(*source, str(uuid.uuid4()), {"order_id": "no id", "poison": mark})
    forged = event(*source, str(uuid.uuid4()), {"poison": mark})
    world.poisoned(service, mark, 0)
    broker = Broker(own)
    try:
        broker.publish("", queue, unreadable, content_type="application/cloudevents+json", delivery_mode=2)
        world.poisoned(service, mark, 1)
        broker.tell(wrong, key=queue, exchange="")
        world.poisoned(service, mark, 2)
    finally:
        broker.close()
    broker = Broker(world.stack[f"COMANDA_BROKER_URL_{stranger.upper().replace('-', '_')}"])
    try:
        broker.tell(forged, key=queue, exchange="")
        world.poisoned(service, mark, 3)
    finally:
        broker.close()


# ---- more of them, and others ----

def replica(world, program):
    second = Replica(world.stack, program, world.other_build)
    try:
        await_ready(second.ready, 30, f"a second {program}")
    except AssertionError:
        second.stop(signal.SIGKILL)
        raise
    if program == "edge-http":
        world.door.add(second.url)
    how = world.random.choice((signal.SIGTERM, signal.SIGKILL))

    def end():
        if program == "edge-http":
            world.door.remove(second.url)
            time.sleep(0.3)
        status = second.stop(how)
        if how == signal.SIGTERM and status != 0:
            world.ledger.violated(f"a second {program} ended with {status}, asked to end")
    return end


def zombie(world, service):
    """Frozen until everybody has given it up and another does its work; then it goes on as if nothing had been."""
    end = replica(world, service)
    thaw = freeze(world, service)

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
    Fault("slow", slow, all_ways(), (2, 8), 2),
    Fault("reset", reset, all_ways(), (0, 0), 2),
    Fault("deaf", deaf, TO_BROKER, (0.1, 6), 2.5),
    Fault("deaf-database", deaf, TO_DATABASE, (0.05, 4), 4),
    Fault("deaf-cache", deaf, TO_CACHE, (0.05, 3), 1),
    Fault("full-queue", full_queue, QUEUES, (0.5, 2.5), 2),
    Fault("redeliver", redeliver, SERVICES, (0, 0), 4),
    Fault("poison", poison, SERVICES, (0, 0), 2),
    Fault("replica", replica, PROGRAMS, (2, 8), 3),
    Fault("zombie", zombie, SERVICES, (12, 26), 1.5),
    Fault("rolling", rolling, ("all",), (0, 0), 0.5, alone=True),
    Fault("disk-full", disk_full, ("rabbitmq", "postgres"), (5, 15), 0, alone=True),
    Fault("disk-alarm", disk_alarm, ("rabbitmq",), (12, 20), 0, alone=True),
)
