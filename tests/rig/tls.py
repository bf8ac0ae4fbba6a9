"""TLS in front of a plain server: boto3 shows its worst habits only over https."""

import asyncio
import contextlib
import ssl
import threading
from dataclasses import dataclass
from pathlib import Path

import trustme

NAMES = ("localhost", "127.0.0.1", "s3.localhost", "*.s3.localhost", "*.blog.localhost")


@dataclass(frozen=True)
class Authority:
    """A certificate authority that only these tests trust; ``file`` is its certificate."""

    file: Path
    context: ssl.SSLContext


def authority(folder, names=NAMES):
    """A new authority, with a certificate for ``names``: those of this machine."""
    issuer = trustme.CA()
    file = folder / "authority.pem"
    issuer.cert_pem.write_to_path(file)
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    issuer.issue_cert(*names).configure_cert(context)
    return Authority(file, context)


@contextlib.contextmanager
def in_front_of(port, context):
    """The port of a TLS terminator that hands everything on to the plain ``port``."""
    loop = asyncio.new_event_loop()
    thread = threading.Thread(target=loop.run_forever, name="tls")
    thread.start()
    try:
        listen = asyncio.start_server(
            lambda reader, writer: _join(reader, writer, port), "127.0.0.1", 0, ssl=context
        )
        server = asyncio.run_coroutine_threadsafe(listen, loop).result()
        yield server.sockets[0].getsockname()[1]
    finally:
        asyncio.run_coroutine_threadsafe(_stop(server), loop).result()
        loop.call_soon_threadsafe(loop.stop)
        thread.join()
        loop.close()


async def _join(reader, writer, port):
    with contextlib.suppress(OSError, asyncio.CancelledError):
        inner_reader, inner_writer = await asyncio.open_connection("127.0.0.1", port)
        await asyncio.gather(_pump(reader, inner_writer), _pump(inner_reader, writer))


async def _pump(reader, writer):
    try:
        while data := await reader.read(65536):
            writer.write(data)
            await writer.drain()
    except OSError:
        return
    finally:
        writer.close()


async def _stop(server):
    server.close()
    others = asyncio.all_tasks() - {asyncio.current_task()}
    for task in others:
        task.cancel()
    await asyncio.gather(*others, return_exceptions=True)
