"""A TCP proxy between the programs and their servers: one listening port per connection. Commands cut, slow or reset a
connection, or drop its replies. It is a process of its own, so that the load does not slow it."""
import asyncio
import socket
import subprocess
import sys
import threading
from pathlib import Path


class ProxiedConnection:
    """The connection of one program to the broker, its database or the cache."""

    def __init__(self, target):
        self.target = target
        self.open = asyncio.Event()
        self.open.set()
        self.back = asyncio.Event()  # replies
        self.back.set()
        self.delay = 0.0
        self.writers = set()

    async def serve(self, reader, writer):
        await self.open.wait()
        try:
            there, back = await asyncio.open_connection("127.0.0.1", self.target)
        except OSError:
            writer.close()
            return
        self.writers |= {writer, back}
        await asyncio.gather(self.pump(reader, back, self.open), self.pump(there, writer, self.back))
        self.writers -= {writer, back}

    async def pump(self, reader, writer, way):
        try:
            while data := await reader.read(65536):
                if self.delay:
                    await asyncio.sleep(self.delay)
                await way.wait()
                writer.write(data)
                await writer.drain()
        except OSError:
            pass
        writer.close()

    def command(self, word, argument):
        if word == "cut":       # no data passes; no connection is closed
            self.open.clear()
            self.back.clear()
        elif word == "no-replies":  # requests arrive, replies do not
            self.back.clear()
        elif word == "slow":
            self.delay = float(argument)
        elif word == "reset":   # all connections are reset
            for writer in list(self.writers):
                writer.transport.abort()
        elif word == "restore":
            self.delay = 0.0
            self.open.set()
            self.back.set()


async def main(ways):
    lines = {port: ProxiedConnection(target) for port, target in ways}
    servers = [await asyncio.start_server(line.serve, "127.0.0.1", port) for port, line in lines.items()]
    loop = asyncio.get_running_loop()
    print("ready", flush=True)
    while text := await loop.run_in_executor(None, sys.stdin.readline):
        port, word, *argument = text.split()
        lines[int(port)].command(word, *argument or [None])
        print("done", flush=True)
    for server in servers:
        server.close()


class Network:
    """Starts the proxy's process and sends it commands."""

    def __init__(self, targets):
        """`targets`: connection name -> port of the server."""
        self.ports = dict(zip(targets, free_ports(len(targets))))
        self.lock = threading.Lock()
        ways = [f"{port}:{targets[name]}" for name, port in self.ports.items()]
        command = [sys.executable, "-m", "chaos.proxy", *ways]
        self.process = subprocess.Popen(command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True,
                                        cwd=Path(__file__).parents[1])
        assert self.process.stdout.readline() == "ready\n"

    def command(self, name, word, argument=""):
        with self.lock:
            self.process.stdin.write(f"{self.ports[name]} {word} {argument}\n")
            self.process.stdin.flush()
            assert self.process.stdout.readline() == "done\n"

    def close(self):
        self.process.stdin.close()
        self.process.wait(10)


def free_ports(count):
    sockets = [socket.create_server(("127.0.0.1", 0)) for _ in range(count)]
    ports = [each.getsockname()[1] for each in sockets]
    for each in sockets:
        each.close()
    return ports


if __name__ == "__main__":
    try:
        asyncio.run(main([tuple(map(int, way.split(":"))) for way in sys.argv[1:]]))
    except KeyboardInterrupt:
        pass
