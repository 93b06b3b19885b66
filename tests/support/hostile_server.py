"""A server on this machine that does what its script says with each connection: slow, endless,
wrong. Over TLS and as a proxy, too.
"""

import contextlib
import datetime
import ipaddress
import itertools
import select
import socket
import ssl
import threading
import time
from collections.abc import Callable, Iterable
from pathlib import Path

from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.x509.oid import NameOID
from patience import PATIENCE_S

Script = Callable[[socket.socket], None]


class HostileServer:
    """Runs `script` with every connection, each on a thread of its own. requests: what was asked;
    left: set when a script has ended.
    """

    def __init__(
        self, script: Script, tls: ssl.SSLContext | None = None, asks_first: bool = True
    ) -> None:
        self.requests: list[bytes] = []
        self.script, self.left = script, threading.Event()
        self._tls, self._asks_first = tls, asks_first
        self._listener = socket.create_server(("127.0.0.1", 0))
        self.host = f"127.0.0.1:{self._listener.getsockname()[1]}"
        self.address = f"http{'s' if tls else ''}://{self.host}"

    def __enter__(self) -> "HostileServer":
        threading.Thread(target=self._accept, daemon=True).start()
        return self

    def __exit__(self, *_: object) -> None:
        self._listener.close()

    def _accept(self) -> None:
        with contextlib.suppress(OSError):
            while True:
                threading.Thread(
                    target=self._serve, args=(self._listener.accept()[0],), daemon=True
                ).start()

    def _serve(self, connection: socket.socket) -> None:
        connection.settimeout(PATIENCE_S)
        with contextlib.suppress(OSError), connection:
            connection.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
            if self._tls:
                connection = self._tls.wrap_socket(connection, server_side=True)
            if self._asks_first:
                self.requests.append(request(connection))
            self.script(connection)
            with contextlib.suppress(OSError):
                connection.shutdown(socket.SHUT_WR)
                # closing with unread bytes would reset the connection, and the answer with it
                while connection.recv(1 << 16):
                    pass
        self.left.set()


def request(connection: socket.socket) -> bytes:
    """The head of a request."""
    data = b""
    while b"\r\n\r\n" not in data and (piece := connection.recv(1 << 16)):
        data += piece
    return data


def says(*pieces: bytes) -> Script:
    """All pieces at once, then the end."""
    return lambda connection: connection.sendall(b"".join(pieces))


def stays(*pieces: bytes) -> Script:
    """All pieces at once; the connection stays open."""

    def script(connection: socket.socket) -> None:
        connection.sendall(b"".join(pieces))
        connection.recv(1)  # until the other side leaves

    return script


def trickles(begin: bytes, then: Iterable[bytes], pause_s: float = 0.02) -> Script:
    """`begin` at once, then piece after piece with pauses; as long as the other side is there."""

    def script(connection: socket.socket) -> None:
        connection.sendall(begin)
        end = time.monotonic() + PATIENCE_S
        for piece in then:
            connection.sendall(piece)
            if time.monotonic() > end or select.select([connection], [], [], pause_s)[0]:
                return  # nobody is there any more: what can be read is the end

    return script


def endless(piece: bytes) -> Iterable[bytes]:
    return itertools.repeat(piece)


def a_byte_at_a_time(data: bytes, then: bytes = b"x") -> Iterable[bytes]:
    """data, then the last byte for ever."""
    return itertools.chain((bytes([byte]) for byte in data), itertools.repeat(then))


def tunnels(head: bytes = b"HTTP/1.1 200 OK\r\n\r\n") -> Callable[[HostileServer], Script]:
    """A proxy: answers CONNECT, then carries bytes both ways."""

    def made(server: HostileServer) -> Script:
        def script(connection: socket.socket) -> None:
            host, _, port = server.requests[-1].split()[1].decode().rpartition(":")
            with socket.create_connection((host, int(port)), PATIENCE_S) as there:
                connection.sendall(head)
                while True:
                    for source, sink in ((connection, there), (there, connection)):
                        if source in select.select([connection, there], [], [], 0.05)[0]:
                            data = source.recv(1 << 16)
                            if not data:
                                return
                            sink.sendall(data)

        return script

    return made


def tls_context(folder: Path) -> tuple[ssl.SSLContext, Path]:
    """A server's TLS context for 127.0.0.1, and the file of the certificate that a client has to
    trust.
    """
    key = ec.generate_private_key(ec.SECP256R1())
    name = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, "a test")])
    now = datetime.datetime.now(datetime.timezone.utc)
    certificate = (
        x509.CertificateBuilder()
        .subject_name(name)
        .issuer_name(name)
        .public_key(key.public_key())
        .serial_number(1)
        .not_valid_before(now - datetime.timedelta(days=1))
        .not_valid_after(now + datetime.timedelta(days=1))
        .add_extension(
            x509.SubjectAlternativeName([x509.IPAddress(ipaddress.ip_address("127.0.0.1"))]),
            critical=False,
        )
        .add_extension(x509.BasicConstraints(ca=True, path_length=None), critical=True)
        .sign(key, hashes.SHA256())
    )
    certificate_file, key_file = folder / "certificate.pem", folder / "key.pem"
    certificate_file.write_bytes(certificate.public_bytes(serialization.Encoding.PEM))
    key_file.write_bytes(
        key.private_bytes(
            serialization.Encoding.PEM,
            serialization.PrivateFormat.PKCS8,
            serialization.NoEncryption(),
        )
    )
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.load_cert_chain(certificate_file, key_file)
    return context, certificate_file
