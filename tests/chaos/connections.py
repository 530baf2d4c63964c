"""The ways of the network that pass through our proxy: "svc-orders broker" and the like."""
from chaos.processes import PROGRAMS, SERVICES

# what lies at the end -> the setting that names it, and what its port is called in the stack
CONNECTIONS = {"broker": ("COMANDA_BROKER_URL", "COMANDA_AMQP_PORT"),
        "database": ("COMANDA_DATABASE_URL", "COMANDA_POSTGRES_PORT"),
        "cache": ("COMANDA_REDIS_URL", "COMANDA_REDIS_PORT")}

TO_BROKER = tuple(f"{program} broker" for program in PROGRAMS)
TO_DATABASE = tuple(f"{service} database" for service in SERVICES)
TO_CACHE = ("svc-products cache",)


def all_connections():
    return TO_BROKER + TO_DATABASE + TO_CACHE
