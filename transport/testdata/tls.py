"""One end of a connection over TLS: tls.py client|server port ca cert key.

The client sends a frame, and prints the TLS version, the reply and what comes
after it. The server prints its port, replies to a frame in capitals, and
prints the TLS version and what comes after it.
"""
import socket
import ssl
import sys

role, port, ca, cert, key = sys.argv[1:]
client = role == "client"
context = ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT if client else ssl.PROTOCOL_TLS_SERVER)
context.minimum_version = context.maximum_version = ssl.TLSVersion.TLSv1_2
context.set_ciphers("ECDH+AESGCM")
context.verify_mode = ssl.CERT_REQUIRED
context.load_verify_locations(ca)
context.load_cert_chain(cert, key)


def read(n):
    b = b""
    while len(b) < n:
        more = sock.recv(n - len(b))
        if not more:
            break
        b += more
    return b


def send(payload):
    sock.sendall(len(payload).to_bytes(4, "big") + payload)


def receive():
    return read(int.from_bytes(read(4), "big"))


# Without suppress_ragged_eofs, an end that does not come as TLS wants it is
# an error.
if client:
    plain = socket.create_connection(("127.0.0.1", int(port)))
    sock = context.wrap_socket(plain, server_hostname="127.0.0.1", suppress_ragged_eofs=False)
    send(b"ping")
    print(sock.version(), receive(), read(1))
else:
    listener = socket.create_server(("127.0.0.1", int(port)))
    print(listener.getsockname()[1], flush=True)
    plain, _ = listener.accept()
    sock = context.wrap_socket(plain, server_side=True, suppress_ragged_eofs=False)
    send(receive().upper())
    print(sock.version(), read(1))
sock.close()
