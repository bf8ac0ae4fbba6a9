"""A proxy that leads every host to one port of this machine: names need not resolve."""

import contextlib
import socket
import socketserver
import threading


class _Tunnel(socketserver.StreamRequestHandler):
    def handle(self):
        self.server.asked.append(self.rfile.readline().split()[1].decode())  # CONNECT host:port
        while self.rfile.readline().strip():
            pass
        self.wfile.write(b"HTTP/1.1 200 OK\r\n\r\n")
        with socket.create_connection(("127.0.0.1", self.server.port)) as inner:
            back = threading.Thread(target=pump, args=(inner, self.connection))
            back.start()
            pump(self.connection, inner)
            back.join()


def pump(source, target):
    with contextlib.suppress(OSError):
        while data := source.recv(65536):
            target.sendall(data)
        target.shutdown(socket.SHUT_WR)


class _Server(socketserver.ThreadingTCPServer):
    daemon_threads = True


@contextlib.contextmanager
def to(port):
    """The address of the proxy, for HTTPS_PROXY, and a list of the ``host:port`` it was asked for.

    Whatever that is, ``port`` answers.
    """
    server = _Server(("127.0.0.1", 0), _Tunnel)
    server.port, server.asked = port, []
    thread = threading.Thread(target=server.serve_forever, args=(0.05,), name="tunnel")
    thread.start()
    try:
        yield f"http://127.0.0.1:{server.server_address[1]}", server.asked
    finally:
        server.shutdown()
        thread.join()
        server.server_close()
