"""Compress and decompress with the C library, on request.

Requests and replies are a line of JSON, which gives the number of bytes, and
then as many bytes of data. A request with a "cname" is to compress with these
parameters, any other to decompress. A reply with an "error" has failed.
"""

import json
import sys

import blosc


def answer(request, data):
    if "cname" not in request:
        return blosc.decompress(data)
    blosc.set_nthreads(request["nthreads"])
    blosc.set_blocksize(request["blocksize"])
    return blosc.compress(
        data,
        typesize=request["typesize"],
        clevel=request["clevel"],
        shuffle=request["shuffle"],
        cname=request["cname"],
    )


requests, replies = sys.stdin.buffer, sys.stdout.buffer
for line in requests:
    request = json.loads(line)
    data = requests.read(request["bytes"])
    try:
        data, reply = answer(request, data), {}
    except Exception as error:
        data, reply = b"", {"error": repr(error)}
    reply["bytes"] = len(data)
    replies.write(json.dumps(reply).encode() + b"\n" + data)
    replies.flush()
