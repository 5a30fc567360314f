"""The protocol of docs/protocol.md: connections, custom types, calls. The codec is JSON.

What goes over the wire is what Python's aiomas 2.0.1 would send. It needs Python 3.9 and its standard library.
"""

from __future__ import annotations

import asyncio
import datetime
import inspect
import json
import re
import sys
import traceback
from typing import Any, Awaitable, Callable, NamedTuple

REQUEST, RESULT, FAILURE = range(3)


class RemoteException(Exception):
    """A failure that the other peer sent; its only argument is the content."""


class Fault(Exception):
    """Something after which a connection cannot go on."""


class NoReply(Exception):
    """Raised by an Answer to leave a request without a reply."""


class CustomType(NamedTuple):
    """Values that travel as {"__type__": [typeid, data]}."""

    kind: type
    encode: Callable[[Any], Any]
    decode: Callable[[Any, Connection], Any]


Answer = Callable[["Connection", Any], Awaitable[Any]]


class Connection:
    """Frames, messages, ids, and the matching of replies to requests."""

    def __init__(
        self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter, answer: Answer, types: list[CustomType]
    ) -> None:
        self.reader, self.writer, self.answer = reader, writer, answer
        self.types = dict(enumerate(types))
        self.next_id = 0
        self.waiting: dict[int, asyncio.Future[Any]] = {}
        self.replying: set[asyncio.Future[None]] = set()
        self.lost = False

    async def run(self) -> None:
        """Reads until the connection ends, then lets go of everything that is under way."""
        try:
            while True:
                header = await self.reader.readexactly(4)
                payload = await self.reader.readexactly(int.from_bytes(header, "big"))
                self.receive(self.decode(payload))
        except (Fault, OSError, asyncio.IncompleteReadError) as reason:
            print(f"connection ends: {reason!r}", file=sys.stderr, flush=True)
        finally:
            self.lost = True
            self.writer.close()
            for task in self.replying:
                task.cancel()
            for future in self.waiting.values():
                if not future.done():
                    future.set_exception(ConnectionResetError("connection reset"))
            self.waiting.clear()

    def receive(self, message: Any) -> None:
        """Handles one message; requests are answered in tasks of their own, so replies can overtake each other."""
        if not isinstance(message, list) or len(message) != 3:
            raise Fault("message is not a list of three items")
        kind, number, content = message
        if kind == REQUEST:
            task = asyncio.ensure_future(self.reply(number, content))
            self.replying.add(task)
            task.add_done_callback(self.replying.discard)
        elif kind in (RESULT, FAILURE):
            if not isinstance(number, int) or number not in self.waiting:
                raise Fault(f"reply to unknown request {number!r}")
            future = self.waiting.pop(number)
            if kind == RESULT:
                future.set_result(content)
            else:
                future.set_exception(RemoteException(content))
        else:
            raise Fault(f"unknown message type {kind!r}")

    async def reply(self, number: Any, content: Any) -> None:
        """Answers one request. An exception is a failure, whether raised or, to leave out the trace, returned."""
        try:
            result = await self.answer(self, content)
            if not isinstance(result, Exception):
                self.send(RESULT, number, result)
                return
        except NoReply:
            return
        except Exception as error:
            result = error
        trace = traceback.format_exception(type(result), result, result.__traceback__)
        self.send(FAILURE, number, "".join(trace))

    def ask(self, content: Any) -> asyncio.Future[Any]:
        """Sends a request. The future ends in the reply, a RemoteException or a ConnectionResetError."""
        future: asyncio.Future[Any] = asyncio.get_running_loop().create_future()
        if self.lost:
            future.set_exception(ConnectionResetError("connection reset"))
            return future
        number, self.next_id = self.next_id, self.next_id + 1
        self.send(REQUEST, number, content)
        self.waiting[number] = future
        return future

    def send(self, kind: int, number: Any, content: Any) -> None:
        payload = json.dumps([kind, number, content], default=self.encode_custom).encode()
        if not self.lost:
            self.writer.write(len(payload).to_bytes(4, "big") + payload)

    def encode_custom(self, value: Any) -> Any:
        for number, custom in self.types.items():
            if isinstance(value, custom.kind):
                return {"__type__": [number, custom.encode(value)]}
        raise TypeError(f"{type(value).__name__} cannot be sent")

    def decode(self, payload: bytes) -> Any:
        try:
            return json.loads(payload.decode(), object_hook=self.decode_custom)
        except (ValueError, RecursionError) as error:
            raise Fault(f"malformed payload: {error}") from error

    def decode_custom(self, value: dict[str, Any]) -> Any:
        if "__type__" not in value:
            return value
        try:
            number, data = value["__type__"]
            return self.types[number].decode(data, self)
        except Exception as error:
            raise Fault(f"undecodable custom type: {error!r}") from error


def expose(function: Callable[..., Any]) -> Callable[..., Any]:
    """Marks a method of a Service as callable from outside."""
    function.exposed = True  # type: ignore[attr-defined]
    return function


def join(path: str, name: str) -> str:
    return f"{path}/{name}" if path else name


class Service:
    """A node in the tree of services. Its entries are its public methods, and the functions and services given."""

    def __init__(self, **below: Any) -> None:
        self._entries = {name: getattr(self, name) for name in dir(type(self)) if not name.startswith("_")}
        self._entries.update(below)
        self._mount("")

    def _mount(self, path: str) -> None:
        self._path = path
        for name, entry in self._entries.items():
            if isinstance(entry, Service):
                entry._mount(join(path, name))

    def _add(self, name: str, service: Service) -> None:
        """Puts a service under this one."""
        self._entries[name] = service
        service._mount(join(self._path, name))

    def _resolve(self, path: str) -> Callable[..., Any]:
        """Returns the function at a path below this service."""
        entry: Any = self
        walked: list[str] = []
        for name in path.split("/"):
            entries = entry._entries if isinstance(entry, Service) else {}
            if name not in entries:
                raise LookupError('Name "%s" not found in "%s"' % (name, "/".join(walked)))
            entry = entries[name]
            walked.append(name)
        if isinstance(entry, Service):
            raise TypeError('"%s" is a service, not a function' % path)
        if not getattr(entry, "exposed", False):
            raise LookupError('"%s" is not exposed' % path)
        return entry


class Proxy:
    """A service of the other peer."""

    def __init__(self, path: str, connection: Connection) -> None:
        if not isinstance(path, str):
            raise TypeError("the path of a reference is not a text")
        self.path, self.connection = path, connection

    def call(self, name: str, *args: Any, **kwargs: Any) -> Awaitable[Any]:
        return self.connection.ask([join(self.path, name), args, kwargs])


def parse_date(data: str, _: Connection) -> datetime.datetime:
    """Reads a date as ISO 8601. Python before 3.11 takes no Z, and fractions of 3 or 6 digits only."""
    data = re.sub(r"\.\d+", lambda fraction: fraction[0][:7].ljust(7, "0"), data)
    return datetime.datetime.fromisoformat(data.replace("Z", "+00:00"))


DATE = CustomType(datetime.datetime, datetime.datetime.isoformat, parse_date)
REFERENCE = CustomType(Service, lambda service: service._path, Proxy)


def answer_calls(root: Service) -> Answer:
    """Answers calls of functions. Content that is no call stays without a reply, as in aiomas."""

    async def answer(_: Connection, content: Any) -> Any:
        if not isinstance(content, list) or len(content) != 3 or not isinstance(content[0], str):
            raise NoReply
        path, args, kwargs = content
        result = root._resolve(path)(*args, **kwargs)
        return await result if inspect.isawaitable(result) else result

    return answer
