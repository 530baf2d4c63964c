"""The network between the programs and the broker, in our hand: one listening port a program, cut, slowed or closed by
word. A process of its own, so that the load does not slow it down."""
import asyncio
import socket
import subprocess
import sys
import threading
from pathlib import Path


class Line:
    """What lies between one program and the broker."""

    def __init__(self, target):
        self.target = target
        self.open = asyncio.Event()
        self.open.set()
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
        await asyncio.gather(self.pump(reader, back), self.pump(there, writer))
        self.writers -= {writer, back}

    async def pump(self, reader, writer):
        try:
            while data := await reader.read(65536):
                if self.delay:
                    await asyncio.sleep(self.delay)
                await self.open.wait()
                writer.write(data)
                await writer.drain()
        except OSError:
            pass
        writer.close()

    def command(self, word, argument):
        if word == "cut":       # nothing passes, and nobody is told
            self.open.clear()
        elif word == "slow":
            self.delay = float(argument)
        elif word == "reset":   # every connection ends
            for writer in list(self.writers):
                writer.transport.abort()
        elif word == "heal":
            self.delay = 0.0
            self.open.set()


async def main(target, ports):
    lines = {port: Line(target) for port in ports}
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
    """The proxy's process, seen from outside."""

    def __init__(self, target, names):
        self.ports = dict(zip(names, free_ports(len(names))))
        self.lock = threading.Lock()
        command = [sys.executable, "-m", "chaos.proxy", str(target), *map(str, self.ports.values())]
        self.process = subprocess.Popen(command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True,
                                        cwd=Path(__file__).parents[1])
        assert self.process.stdout.readline() == "ready\n"

    def tell(self, name, word, argument=""):
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
        asyncio.run(main(int(sys.argv[1]), [int(port) for port in sys.argv[2:]]))
    except KeyboardInterrupt:
        pass
