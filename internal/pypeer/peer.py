"""A peer to test others against, in Python's standard library alone (3.9 or later).

    peer.py serve-channel ADDR    echoes requests, or does what they order, see answer_channel
    peer.py serve-rpc ADDR        offers the service Root
    peer.py serve-agents ADDR     a Container with an EchoAgent and a CounterAgent
    peer.py serve-manager ADDR    a Container with a Manager, which spawns agents:CounterAgent(total=0) and others
    peer.py script                carries out commands, see Script

ADDR is tcp://HOST:PORT or ipc://[/PATH]. A serving peer prints "listening ADDR", with the real port. Every mode ends
when standard input does.
"""

from __future__ import annotations

import asyncio
import datetime
import json
import math
import os
import sys
from typing import Any, Awaitable, Optional

from wire import DATE, REFERENCE, Connection, NoReply, Proxy, RemoteException, Service, answer_calls, expose


async def answer_channel(connection: Connection, content: Any) -> Any:
    """Echoes the content, unless that is "close" or one of the orders fail, ask and sleep."""
    if content == "close":
        connection.writer.close()
        raise NoReply
    if isinstance(content, dict) and "fail" in content:
        return ValueError(content["fail"])
    if isinstance(content, dict) and "ask" in content:
        return await connection.ask(["asked", content["ask"]])
    if isinstance(content, dict) and "sleep" in content:
        await asyncio.sleep(content["sleep"])
        return content["value"]
    return content


async def answer_question(_: Connection, content: Any) -> Any:
    """Answers as a peer that has no services."""
    return {"you asked": content}


class Root(Service):
    """What serve-rpc offers."""

    def __init__(self) -> None:
        mul = expose(lambda a, b: a * b)
        plan = expose(lambda day, hours=24, *tags: [day, hours, list(tags)])
        rate = expose(lambda price, unit="kW", day=None: [price, unit, day])
        note = expose(lambda level, *args, **fields: [level, list(args), fields])
        tag = expose(lambda name, unit="kW", **fields: [name, unit, fields])
        inner = Service(mul=mul, neg=expose(lambda x: -x))
        super().__init__(sub=Service(mul=mul, inner=inner, plan=plan, rate=rate, note=note, tag=tag))

    @expose
    def add(self, a: Any, b: Any) -> Any:
        return a + b

    @expose
    def echo(self, *args: Any, **kwargs: Any) -> Any:
        return [list(args), kwargs]

    @expose
    def fail(self, msg: str) -> None:
        raise ValueError(msg)

    @expose
    async def callback(self, ref: Proxy, x: Any) -> Any:
        return ["peer said", await ref.call("get", x)]

    def secret(self) -> None:
        """Is there, but not exposed."""


class Agent(Service):
    """What both agents have in common."""

    def __init__(self, address: str) -> None:
        super().__init__()
        self._address = address

    @expose
    def url(self) -> str:
        return self._address

    @expose
    def date(self) -> datetime.datetime:
        return datetime.datetime(2010, 3, 27, tzinfo=datetime.timezone(datetime.timedelta(hours=1)))

    @expose
    def me(self) -> Agent:
        return self

    @expose
    async def ask(self, ref: Proxy, q: Any) -> Any:
        return ["it said", await ref.call("answer", q)]


class EchoAgent(Agent):
    @expose
    def ident(self, x: Any) -> Any:
        return x


class CounterAgent(Agent):
    def __init__(self, address: str, total: int = 0) -> None:
        super().__init__(address)
        self._total = total

    @expose
    def incr(self, n: int) -> int:
        self._total += n
        return self._total


class Container(Service):
    """The root service of serve-agents and serve-manager."""

    def __init__(self, address: str) -> None:
        self._address = address
        self._agents = Service()
        super().__init__(agents=self._agents)

    def _spawn(self, cls: type[Agent], *args: Any, **kwargs: Any) -> Agent:
        aid = str(len(self._agents._entries))
        agent = cls(f"{self._address}/{aid}", *args, **kwargs)
        self._agents._add(aid, agent)
        return agent

    @expose
    def validate_aid(self, aid: Any) -> Optional[str]:
        agent = self._agents._entries.get(aid)
        return type(agent).__name__ if agent else None


class Manager(Agent):
    """The agent 0 of serve-manager. Its clock is one that is set from outside."""

    def __init__(self, address: str, container: Container) -> None:
        super().__init__(address)
        self._container = container
        self._time = 0.0

    @expose
    def spawn(self, qualname: str, *args: Any, **kwargs: Any) -> tuple[Agent, str]:
        module, _, cls = qualname.partition(":")
        if module != "agents":
            raise ImportError(f"No module named {module!r}")
        agent = self._container._spawn({"EchoAgent": EchoAgent, "CounterAgent": CounterAgent}[cls], *args, **kwargs)
        return agent, agent._address

    @expose
    def set_time(self, time: float) -> None:
        if time <= self._time:
            raise ValueError(f"{time} is not later than {self._time}")
        self._time = time

    @expose
    def time(self) -> float:
        return self._time

    @expose
    def stop(self) -> None:
        asyncio.get_running_loop().call_soon(os._exit, 0)  # after the answer, which is sent in this step


def container_of(mode: str, address: str) -> Container:
    container = Container(address)
    if mode == "serve-manager":
        container._spawn(Manager, container)
    else:
        container._spawn(EchoAgent)
        container._spawn(CounterAgent)
    return container


def script_services() -> Service:
    """What a script offers on the connections that it dials."""
    return Service(
        get=expose(lambda x: ["client got", x]),
        child=Service(get=expose(lambda x: ["child got", x])),
        agents=Service(**{"0": Service(answer=expose(lambda q: ["caller answers", q]))}),
    )


def split_address(address: str) -> tuple[str, Optional[int]]:
    """Returns host and port, or the path of a Unix socket and None."""
    if address.startswith("ipc://["):
        return address[len("ipc://["):address.rindex("]")], None
    host, _, port = address[len("tcp://"):].rpartition(":")
    return host.strip("[]"), int(port)


async def dial(address: str) -> tuple[asyncio.StreamReader, asyncio.StreamWriter]:
    host, port = split_address(address)
    return await (asyncio.open_unix_connection(host) if port is None else asyncio.open_connection(host, port))


def read_line() -> Awaitable[str]:
    return asyncio.get_running_loop().run_in_executor(None, sys.stdin.readline)


async def serve(mode: str, address: str) -> None:
    """Serves until the end of standard input."""

    async def accept(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        await Connection(reader, writer, answer, types).run()

    host, port = split_address(address)
    if port is None:
        server = await asyncio.start_unix_server(accept, host, start_serving=False)
    else:
        server = await asyncio.start_server(accept, host, port, start_serving=False)
        address = f"{address.rpartition(':')[0]}:{server.sockets[0].getsockname()[1]}"
    answer, types = {
        "serve-channel": (answer_channel, []),
        "serve-rpc": (answer_calls(Root()), [REFERENCE]),
        "serve-agents": (answer_calls(container_of(mode, address)), [DATE, REFERENCE]),
        "serve-manager": (answer_calls(container_of(mode, address)), [DATE, REFERENCE]),
    }[mode]
    await server.start_serving()
    print(f"listening {address}", flush=True)
    while await read_line():
        pass


def show(value: Any) -> Any:
    """Shows values of custom types in the results of a script."""
    return {"reference": value.path} if isinstance(value, Proxy) else {"date": value.isoformat()}


async def outcome(future: Awaitable[Any]) -> dict[str, Any]:
    try:
        return {"reply": await future}
    except RemoteException as failure:
        return {"failure": failure.args[0]}
    except ConnectionError as reason:
        return {"lost": str(reason)}


class Script:
    """Reads commands, JSON objects {"op": name, ...} one a line, and prints the result of each as a line of JSON.

    The methods do_NAME are the ops and their parameters the other entries of the command. What is wrong with a
    command itself, or a connection that cannot be made, gives {"error": text}.
    """

    connection: Connection
    plain: Optional[tuple[asyncio.StreamReader, asyncio.StreamWriter]] = None

    async def run(self) -> None:
        while line := await read_line():
            try:
                command = json.loads(line)
                name = command.pop("op")
                if not hasattr(self, f"do_{name}"):
                    raise ValueError(f"unknown op {name!r}")
                result = await getattr(self, f"do_{name}")(**command)
            except Exception as error:
                result = {"error": f"{type(error).__name__}: {error}"}
            text = json.dumps(result, default=show)
            # Go's JSON has no NaN and Infinity: they become {"float": "NaN"} and the like.
            print(json.dumps(json.loads(text, parse_constant=lambda name: {"float": name})), flush=True)

    async def do_dial(self, addr: str, services: bool = False, types: Optional[list[str]] = None) -> Any:
        """Connects. types lists the custom types, "date" and "reference"; with services, the latter unless given."""
        self.addr = addr
        answer = answer_calls(script_services()) if services else answer_question
        if types is None:
            types = ["reference"] if services else []
        custom = [{"date": DATE, "reference": REFERENCE}[name] for name in types]
        self.connection = Connection(*await dial(addr), answer, custom)
        self.reading = asyncio.ensure_future(self.connection.run())
        return {"ok": True}

    async def do_ask(self, content: Any) -> Any:
        return await outcome(self.connection.ask(content))

    async def do_call(self, path: str, args: Any = (), kwargs: Optional[dict[str, Any]] = None) -> Any:
        return await self.do_ask([path, args, kwargs or {}])

    async def do_many(self, path: str = "", args: Any = (), n: int = 0, contents: Optional[list[Any]] = None) -> Any:
        """Sends n calls, or contents, at once. order has the indices of the results as they came in."""
        futures = [self.connection.ask(content) for content in contents or n * [[path, args, {}]]]
        order: list[int] = []
        for index, future in enumerate(futures):
            future.add_done_callback(lambda _, index=index: order.append(index))
        return {"results": [await outcome(future) for future in futures], "order": order}

    async def do_raw(self, hex: str, read: float = 1.0, want: float = math.inf, eof: bool = False) -> Any:
        """Sends bytes on a connection of its own, which later raws go on with, to where the last dial went.

        Collects what comes back until the peer closes, want bytes are there, or read seconds have passed. With eof,
        it closes the sending direction first.
        """
        if self.plain is None:
            self.plain = await dial(self.addr)
        reader, writer = self.plain
        writer.write(bytes.fromhex(hex))
        if eof:
            writer.write_eof()
        got, closed = b"", False
        now = asyncio.get_running_loop().time
        end = now() + read
        while not closed and len(got) < want:
            try:
                chunk = await asyncio.wait_for(reader.read(1 << 16), end - now())
            except asyncio.TimeoutError:
                break
            except ConnectionError:
                chunk = b""
            got, closed = got + chunk, not chunk
        return {"hex": got.hex(), "closed": closed}

    async def do_close(self) -> Any:
        """Closes the connection that was dialled, and that of raw."""
        if self.plain is not None:
            self.plain[1].close()
            self.plain = None
        if hasattr(self, "connection"):
            self.connection.writer.close()
            await self.reading
        return {"ok": True}


if __name__ == "__main__":
    if sys.argv[1:] == ["script"]:
        asyncio.run(Script().run())
    elif len(sys.argv) == 3 and sys.argv[1] in ("serve-channel", "serve-rpc", "serve-agents", "serve-manager"):
        asyncio.run(serve(sys.argv[1], sys.argv[2]))
    else:
        sys.exit(__doc__)
