"""
Just enough of a Kafka broker, on loopback, for one client to send batches to or to read batches from: one topic with one partition.

  fake_broker.py capture FILE COMMAND...   runs the command and keeps the batches that it produces
  fake_broker.py serve FILE COMMAND...     runs the command, which may fetch the batches in FILE

{port} in the command becomes the broker's port. Ends with the command's exit code.
"""

import socket
import struct
import subprocess
import sys
import threading

PRODUCE, FETCH, LIST_OFFSETS, METADATA, FIND_COORDINATOR, API_VERSIONS = 0, 1, 2, 3, 10, 18

# librdkafka compresses only if the broker claims the oldest versions too, and then uses the newest.
VERSIONS = {PRODUCE: (0, 7), FETCH: (0, 10), LIST_OFFSETS: (1, 1), METADATA: (1, 1), FIND_COORDINATOR: (0, 0), API_VERSIONS: (0, 0)}
TOPIC = b"golden"


def string(text):
    return struct.pack(">h", len(text)) + text


class Reader:
    def __init__(self, data):
        self.data, self.at = data, 0

    def take(self, form):
        values = struct.unpack_from(">" + form, self.data, self.at)
        self.at += struct.calcsize(">" + form)
        return values if len(values) > 1 else values[0]

    def string(self):
        size = self.take("h")
        return None if size < 0 else self.bytes(size)

    def bytes(self, size):
        self.at += size
        return self.data[self.at - size : self.at]


class Broker:
    def __init__(self, stored):
        self.stored = stored
        self.captured = []
        self.listener = socket.create_server(("127.0.0.1", 0))
        self.port = self.listener.getsockname()[1]

    def run(self):
        while True:
            connection, _ = self.listener.accept()
            threading.Thread(target=self.serve, args=(connection,), daemon=True).start()

    def serve(self, connection):
        stream = connection.makefile("rb")
        while True:
            size = stream.read(4)
            if len(size) < 4:
                return
            request = Reader(stream.read(struct.unpack(">i", size)[0]))
            api, version, correlation = request.take("hhi")
            request.string()
            body = self.answer(api, version, request)
            if body is not None:
                connection.sendall(struct.pack(">ii", 4 + len(body), correlation) + body)

    def answer(self, api, version, request):
        if api == API_VERSIONS:
            error = 0 if version == 0 else 35
            return struct.pack(">hi", error, len(VERSIONS)) + b"".join(struct.pack(">hhh", k, *v) for k, v in VERSIONS.items())
        if api == METADATA:
            broker = struct.pack(">i", 1) + string(b"127.0.0.1") + struct.pack(">ih", self.port, -1)
            partition = struct.pack(">hiiiiii", 0, 0, 1, 1, 1, 1, 1)
            return (struct.pack(">i", 1) + broker + struct.pack(">iih", 1, 1, 0) + string(TOPIC) + b"\0" + struct.pack(">i", 1)
                    + partition)
        if api == LIST_OFFSETS:
            request.take("ii")
            request.string()
            _, _, timestamp = request.take("iiq")
            offset = 0 if timestamp == -2 else self.end()
            return struct.pack(">i", 1) + string(TOPIC) + struct.pack(">iihqq", 1, 0, 0, -1, offset)
        if api == PRODUCE:
            return self.produce(version, request)
        if api == FETCH:
            return self.fetch(version, request)
        raise ValueError(f"no answer to request {api}")

    def produce(self, version, request):
        request.string()
        request.take("hii")
        request.string()
        _, _, size = request.take("iii")
        self.captured.append(request.bytes(size))
        start = struct.pack(">q", 0) if version >= 5 else b""
        return struct.pack(">i", 1) + string(TOPIC) + struct.pack(">iihqq", 1, 0, 0, 0, -1) + start + struct.pack(">i", 0)

    def fetch(self, version, request):
        request.take("iiiib")
        if version >= 7:
            request.take("ii")
        wanted = -1
        if request.take("i") > 0:
            request.string()
            request.take("ii" if version < 9 else "iii")
            wanted = request.take("q")
        records = self.stored if wanted == 0 else b""
        if not records:
            threading.Event().wait(0.05)
        session = struct.pack(">hi", 0, 0) if version >= 7 else b""
        partition = struct.pack(">ihqq", 0, 0, self.end(), self.end()) + (struct.pack(">q", 0) if version >= 5 else b"")
        return (struct.pack(">i", 0) + session + struct.pack(">i", 1) + string(TOPIC) + struct.pack(">i", 1) + partition
                + struct.pack(">ii", -1, len(records)) + records)

    def end(self):
        at = end = 0
        while at < len(self.stored):
            base, length = struct.unpack_from(">qi", self.stored, at)
            end = base + struct.unpack_from(">i", self.stored, at + 23)[0] + 1
            at += 12 + length
        return end


def main():
    action, path, command = sys.argv[1], sys.argv[2], sys.argv[3:]
    stored = b""
    if action == "serve":
        with open(path, "rb") as file:
            stored = file.read()
    broker = Broker(stored)
    threading.Thread(target=broker.run, daemon=True).start()
    code = subprocess.call([part.replace("{port}", str(broker.port)) for part in command])
    if action == "capture":
        with open(path, "wb") as file:
            file.write(b"".join(broker.captured))
    sys.exit(code)


if __name__ == "__main__":
    main()
