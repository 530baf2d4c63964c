"""The connections that pass through the proxy, named "svc-orders broker" and so on."""
from chaos.processes import PROGRAMS, SERVICES

# server -> (setting with its URL, name of its port in the stack)
CONNECTIONS = {"broker": ("COMANDA_BROKER_URL", "COMANDA_AMQP_PORT"),
        "database": ("COMANDA_DATABASE_URL", "COMANDA_POSTGRES_PORT"),
        "cache": ("COMANDA_REDIS_URL", "COMANDA_REDIS_PORT")}

TO_BROKER = tuple(f"{program} broker" for program in PROGRAMS)
TO_DATABASE = tuple(f"{service} database" for service in SERVICES)
TO_CACHE = ("svc-products cache",)


def all_connections():
    return TO_BROKER + TO_DATABASE + TO_CACHE
