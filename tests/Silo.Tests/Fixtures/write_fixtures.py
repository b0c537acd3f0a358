"""
Writes stores with a built node, and beside each what must be read back from it, for StoredFormatTests.

  write_fixtures.py NODE AZURITE PREFIX

NODE is Loire.Silo.dll of the build whose formats are to be kept, AZURITE the command azurite-blob. Three stores come out in this directory,
each as PREFIX-NAME.zip with its manifest PREFIX-NAME.json:

  file-stopped   a file store whose node was stopped
  file-killed    the same store later, when its node was killed while appends were under way
  azure          the blobs of a container whose node was killed

What a manifest says is read by the same build from a copy of the store, and compared with what that build had said while it wrote. Nothing
in a store expires: topics keep their records for ever, and a group keeps its offsets as long as it has members, whose sessions begin anew
when a node starts. The exception is the group "past", which has no members.
"""

import atexit
import base64
import hashlib
import hmac
import http.client
import json
import os
import re
import shutil
import signal
import struct
import subprocess
import sys
import tempfile
import threading
import time
import urllib.parse
import zipfile
from email.utils import formatdate
from xml.etree import ElementTree

HERE = os.path.dirname(os.path.abspath(__file__))
GOLDEN = os.path.join(HERE, "..", "..", "Model.Tests", "Golden")
BATCHES, JSON, NDJSON = "application/vnd.loire.record-batches", "application/json", "application/x-ndjson"
START = 1_700_000_000_000
FOR_EVER = {"name": "retention.ms", "value": "-1"}
HALF_AN_HOUR = 1_800_000

# The account and key that every Azurite has, published in its documentation.
ACCOUNT = "devstoreaccount1"
KEY = "Eby8vdM02xNOcqFlqUwJPLlmEtlCDXJ1OUzFT50uSRZ6IFsuFq2UVErCz4I6tq/K1SZFPTOtr/KBHBeksoGMGw=="
CONTAINER = "loire"


class Node:
    """A node in a process of its own."""

    def __init__(self, dll, *options, **environment):
        self.process = subprocess.Popen(
            ["dotnet", dll, "--urls", "http://127.0.0.1:0", *options],
            cwd=os.path.dirname(dll), env={**os.environ, "LOIRE_KAFKA": "none", **environment}, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True)
        atexit.register(self.process.kill)
        said = []
        for line in self.process.stdout:
            said.append(line)
            if found := re.search(r"http://(127\.0\.0\.1:[1-9]\d*)", line):
                self.address = found[1]
                break
        else:
            raise RuntimeError("The node did not start:\n" + "".join(said))
        threading.Thread(target=self.process.stdout.read, daemon=True).start()
        self.local = threading.local()

    def ask(self, method, path, body=None, type=JSON, accept=JSON):
        """The status, headers and body of an answer."""
        if not hasattr(self.local, "connection"):
            self.local.connection = http.client.HTTPConnection(self.address, timeout=120)
        body = json.dumps(body).encode() if body is not None and type == JSON else body
        self.local.connection.request(method, path, body, {"Accept": accept} | ({"Content-Type": type} if body is not None else {}))
        answer = self.local.connection.getresponse()
        return answer.status, answer.headers, answer.read()

    def do(self, method, path, body=None, **how):
        """The headers and body of an answer that must be a success."""
        status, headers, answer = self.ask(method, path, body, **how)
        if status >= 300:
            raise RuntimeError(f"{method} {path}: {status} {answer.decode(errors='replace')}")
        return headers, answer

    def get(self, path):
        return json.loads(self.do("GET", path)[1])

    def post(self, path, body, **how):
        return json.loads(self.do("POST", path, body, **how)[1] or "null")

    def wait(self, path, condition):
        """Asks until the answer is as wanted."""
        deadline = time.monotonic() + 120
        while True:
            status, _, answer = self.ask("GET", path)
            if status == 200 and condition(json.loads(answer)):
                return
            if time.monotonic() > deadline:
                raise TimeoutError(f"{path}: {status} {answer.decode(errors='replace')}")
            time.sleep(0.2)

    def stop(self):
        self.process.terminate()
        if code := self.process.wait(120):
            raise RuntimeError(f"The node ended with {code}.")

    def kill(self):
        self.process.send_signal(signal.SIGKILL)
        self.process.wait()


class Azurite:
    """An Azurite whose blobs can be read. It is stopped, never killed: it saves its metadata late."""

    def __init__(self, command, folder):
        self.process = subprocess.Popen(
            [command, "--silent", "--disableTelemetry", "--skipApiVersionCheck", "--blobHost", "127.0.0.1", "--blobPort", "0",
             "--location", folder],
            stdout=subprocess.PIPE, text=True)
        for line in self.process.stdout:
            if found := re.search(r"successfully listens on http://([\d.:]+)", line):
                self.address = found[1]
                break
        threading.Thread(target=self.process.stdout.read, daemon=True).start()
        self.connection_string = (
            f"DefaultEndpointsProtocol=http;AccountName={ACCOUNT};AccountKey={KEY};BlobEndpoint=http://{self.address}/{ACCOUNT};")

    def get(self, path, **query):
        headers = {"x-ms-date": formatdate(usegmt=True), "x-ms-version": "2021-12-02"}
        path = f"/{ACCOUNT}/{CONTAINER}{path}"
        to_sign = "GET" + "\n" * 12 + "".join(f"{name}:{value}\n" for name, value in sorted(headers.items()))
        to_sign += f"/{ACCOUNT}{path}" + "".join(f"\n{name}:{value}" for name, value in sorted(query.items()))
        signature = base64.b64encode(hmac.digest(base64.b64decode(KEY), to_sign.encode(), "sha256")).decode()
        connection = http.client.HTTPConnection(self.address, timeout=120)
        connection.request(
            "GET", path + ("?" + urllib.parse.urlencode(query) if query else ""),
            headers={**headers, "Authorization": f"SharedKey {ACCOUNT}:{signature}"})
        answer = connection.getresponse()
        body = answer.read()
        if answer.status != 200:
            raise RuntimeError(f"{path}: {answer.status} {body.decode(errors='replace')}")
        return body

    def blobs(self):
        """Every blob by its name."""
        names, marker = [], ""
        while True:
            answer = self.get("", restype="container", comp="list", **({"marker": marker} if marker else {}))
            page = ElementTree.fromstring(answer.removeprefix(b"\xef\xbb\xbf"))
            names += [name.text for name in page.iter("Name")]
            if not (marker := page.findtext("NextMarker")):
                return {name: self.get("/" + urllib.parse.quote(name)) for name in names}

    def stop(self):
        self.process.terminate()
        self.process.wait()


def golden(name):
    with open(os.path.join(GOLDEN, name), "rb") as file:
        return file.read()


def produce(node, topic, body, type=JSON, partition=None):
    node.post(f"/v1/topics/{topic}/records" + ("" if partition is None else f"?partition={partition}"), body, type=type)


def create(node, topic, partitions, **configs):
    settings = [FOR_EVER] + [{"name": name.replace("_", "."), "value": value} for name, value in configs.items()]
    node.post("/v1/topics", {"topic_name": topic, "partitions_count": partitions, "configs": settings})


def rebalance(node):
    """Gives every topic preferred leaders; builds from before there were any refuse that."""
    node.ask("POST", "/v1/brokers:rebalance", {})


def header(name, value):
    return {"name": name, "value": value}


def binary(data):
    return {"type": "binary", "data": base64.b64encode(data).decode()}


# Every kind of null, emptiness, binary and header.
KINDS = [
    {"key": "ann", "value": "tea", "timestamp": START},
    {"key": None, "value": "no key", "timestamp": START + 1},
    {"key": "gone", "value": None, "timestamp": START + 2},
    {"key": None, "value": None, "timestamp": START + 3},
    {"key": "", "value": "", "timestamp": START + 4},
    {"key": binary(b"\xff\x00"), "value": binary(bytes(range(256))), "timestamp": START + 5},
    {"key": "json", "value": {"item": "tea", "price": 1.5, "sizes": [1, 2, None]}, "timestamp": START + 6},
    {"key": "earlier", "value": "than the one before", "timestamp": START - 5_000},
    {"key": "headers", "value": "v", "timestamp": START + 7, "headers": [
        header("repeated", "first"), header("repeated", "second"), header("repeated", "first"), header("null", None), header("", ""),
        header("binary", binary(b"\xff\xfe")), header("\u00fcml\u00e4ut", "\u4e16\u754c")]},
    {"key": None, "value": None, "timestamp": START + 8, "headers": [header("only", "a header")]},
]


def lines(count, words):
    return b"".join(f"{words} {i}\n".encode() for i in range(count))


def member(node, group, **settings):
    """Joins a group and says where the member is."""
    headers, _ = node.do("POST", f"/v1/groups/{group}/members", {
        "auto_offset_reset": "earliest", "enable_auto_commit": False,
        "session_timeout_ms": HALF_AN_HOUR, "max_poll_interval_ms": HALF_AN_HOUR, **settings})
    return headers["Location"]


def take(node, path, records):
    """Reads some records as a member, of which there must be enough."""
    taken = []
    while len(taken) < records:
        page = node.get(f"{path}/records?max_wait_ms=30000&max_records={records - len(taken)}")
        if not page:
            raise RuntimeError(f"{path} got {len(taken)} records instead of {records}.")
        taken += page
    return taken


def records_in(batch):
    return struct.unpack(">i", batch[23:27])[0] + 1


def crc32c(data):
    crc = 0xFFFFFFFF
    for byte in data:
        crc ^= byte
        for _ in range(8):
            crc = (crc >> 1) ^ (0x82F63B78 if crc & 1 else 0)
    return crc ^ 0xFFFFFFFF


def idempotent(batch, producer, sequence):
    """A batch as an idempotent producer sends it: with its id, epoch 0 and a sequence."""
    batch = batch[:43] + struct.pack(">qhi", producer, 0, sequence) + batch[57:]
    return batch[:17] + struct.pack(">I", crc32c(batch[21:])) + batch[21:]


def settle(node, group, members):
    node.wait(
        f"/v1/groups/{group}",
        lambda group: group["phase"] == "STABLE" and len(group["members"]) == members and all(
            member["assigned"] and member["assigned"] == member["target"] for member in group["members"]))


def commit(topic, partition, offset, **more):
    return {"topic_name": topic, "partition": partition, "offset": offset, **more}


def write_first(node):
    """Everything for the first time: topics of all kinds, records of all kinds, groups of all kinds."""
    create(node, "orders", 3, max_message_bytes="2000000")
    rebalance(node)
    for i in range(80):
        # So many changes that the topic's journal takes a snapshot.
        node.do("PUT", "/v1/topics/orders/configs/segment.ms", {"value": str(1_000_000 + i)})
    node.do("POST", "/v1/topics/orders/configs:alter", {"data": [
        {"name": "min.insync.replicas", "value": "1"}, {"name": "delete.retention.ms", "value": "1234"},
        {"name": "max.message.bytes", "operation": "DELETE"}]})
    create(node, "kinds", 1)
    create(node, "stamped", 1, message_timestamp_type="LogAppendTime")
    create(node, "codecs", 1)
    create(node, "many", 3)
    create(node, "large", 1)
    create(node, "grown", 1)
    create(node, "never-written", 2)
    create(node, "idempotent", 1)
    create(node, "compacted", 1, cleanup_policy="compact", min_cleanable_dirty_ratio="0")
    rebalance(node)
    for topic in ("deleted", "recreated"):
        create(node, topic, 2, max_message_bytes="500000")
        produce(node, topic, lines(20, topic), "text/plain", 1)

    for key in ("ann", "bob", "cid", "dan", "eve", "fay"):
        produce(node, "orders", {"records": [{"key": key, "value": f"{key} {i}", "headers": [header("i", str(i))]} for i in range(4)]})
    for partition in range(3):
        produce(node, "orders", lines(5, f"line of {partition}"), "text/plain", partition)
    produce(node, "kinds", {"records": KINDS})
    produce(node, "kinds", b"".join(json.dumps(record).encode() + b"\n" for record in KINDS), NDJSON)
    produce(node, "kinds", bytes(range(256)), "application/octet-stream", 0)
    produce(node, "stamped", {"records": KINDS})
    for codec in ("none", "gzip", "snappy", "lz4", "zstd"):
        for topic in ("codecs", "stamped"):
            produce(node, topic, golden(f"kafka-python-2.0.2/few-{codec}.bin"), BATCHES, 0)
    produce(node, "codecs", golden("kafkajs-2.2.4/few-gzip.bin") + golden("librdkafka-2.0.2/run-zstd.bin"), BATCHES, 0)

    few = golden("kafka-python-2.0.2/few-none.bin")
    for i in range(8):
        for producer in (5, 6):
            produce(node, "idempotent", idempotent(few, producer, i * records_in(few)), BATCHES, 0)
    # One chunk for each append: enough to be merged into segments more than once.
    for i in range(150):
        produce(node, "many", f"small {i}\n".encode(), "text/plain", 0)
    # The last value of each key, and the newest records, which are not compacted.
    for i in range(150):
        produce(node, "compacted", {"records": [{"key": f"k{i % 7}", "value": str(i), "timestamp": START + i}]})
    node.wait(
        "/v1/topics/compacted/partitions/0/records?offset=0&max_wait_ms=0", lambda page: page and page[0]["offset"] > 50)
    # Chunks that become segments as they are, more than a head lists.
    for i in range(140):
        produce(node, "large", f"{i:03} ".encode() * 33_000, "application/octet-stream", 0)
    produce(node, "grown", lines(10, "before"), "text/plain", 0)
    node.do("PATCH", "/v1/topics/grown", {"partitions_count": 3})
    for partition in range(3):
        produce(node, "grown", lines(10, "after"), "text/plain", partition)
    for topic in ("deleted", "recreated"):
        node.do("DELETE", f"/v1/topics/{topic}")
    create(node, "recreated", 1, max_message_bytes="600000")
    produce(node, "recreated", lines(7, "anew"), "text/plain", 0)

    static = member(
        node, "readers", topics=["orders"], client_id="till", instance_id="till-1",
        partition_assignment_strategy=["cooperative-sticky", "range"])
    dynamic = member(node, "readers", topics=["orders"], client_id="desk")
    settle(node, "readers", 2)
    for path in (static, dynamic):
        take(node, path, 3)
        node.do("PUT", f"{path}/offsets")

    for i in range(80):
        # So many commits that the group's journal takes a snapshot.
        node.do("PUT", "/v1/groups/desk/offsets", {"offsets": [commit("orders", i % 3, i % 5, leader_epoch=0, metadata=f"commit {i}")]})
    node.do("PUT", "/v1/groups/desk/offsets", {"offsets": [
        commit("kinds", 0, 7), commit("many", 0, 100, leader_epoch=0, metadata="caf\u00e9 \u4e16\u754c"),
        commit("grown", 2, 0), commit("codecs", 0, 1)]})
    node.post("/v1/groups/desk/offsets:reset", {"to": "earliest", "topics": [{"topic_name": "codecs"}]})
    node.post("/v1/groups/desk/offsets:reset", {"to": "shift", "value": 2, "topics": [{"topic_name": "kinds"}]})
    member(node, "desk", topic_pattern="orders|many|kinds|grown|codecs", client_id="pattern")
    settle(node, "desk", 1)

    node.do("POST", "/consumers/proxies", {"name": "i", "format": "json", "auto.offset.reset": "earliest", "auto.commit.enable": "false"},
            type=JSON, accept="application/vnd.kafka.v2+json")
    node.do("POST", "/consumers/proxies/instances/i/subscription", {"topics": ["grown"]}, accept="application/vnd.kafka.v2+json")
    settle(node, "proxies", 1)
    node.do("PUT", "/v1/groups/proxies/members/i/offsets", {"offsets": [
        commit("grown", 0, 5, metadata="through the proxy"), commit("grown", 1, 2)]})

    node.do("PUT", "/v1/groups/past/offsets", {"offsets": [commit("orders", 1, 3, metadata="long ago"), commit("kinds", 0, 1)]})
    node.do("PUT", "/v1/groups/gone/offsets", {"offsets": [commit("orders", 0, 1)]})
    node.do("DELETE", "/v1/groups/gone")


def write_again(node, words):
    """Something everywhere, by the next leader; the members go on."""
    for partition in range(3):
        for topic in ("orders", "many", "grown"):
            produce(node, topic, lines(3, words), "text/plain", partition)
    produce(node, "compacted", {"records": [{"key": "k0", "value": words, "timestamp": START + 1_000}]})
    for topic in ("kinds", "stamped", "codecs"):
        produce(node, topic, {"records": KINDS[:4]})
        produce(node, topic, golden("kafka-python-2.0.2/few-zstd.bin"), BATCHES, 0)
    for topic in ("recreated", "large"):
        produce(node, topic, words.encode(), "application/octet-stream", 0)
    for one in node.get("/v1/groups/readers/members"):
        path = f"/v1/groups/readers/members/{one['member_id']}"
        last = take(node, path, 2)[-1]
        node.do("PUT", f"{path}/offsets", {"offsets": [commit("orders", last["partition"], last["offset"] + 1, metadata=words)]})
    for group, members in (("readers", 2), ("desk", 1), ("proxies", 1)):
        settle(node, group, members)


def kill_under_load(node):
    """Kills the node while it appends to two partitions, after it has acknowledged some records in each."""
    def append(partition, acknowledged_some):
        try:
            for i in range(1_000_000):
                produce(node, "many", f"under way {i}\n".encode(), "text/plain", partition)
                if i == 20:
                    acknowledged_some.set()
        except (OSError, http.client.HTTPException):
            pass

    events = {partition: threading.Event() for partition in (1, 2)}
    for partition, event in events.items():
        threading.Thread(target=append, args=(partition, event), daemon=True).start()
    for event in events.values():
        event.wait()
    node.kill()


def partition_manifest(node, topic, partition):
    path = f"/v1/topics/{topic}/partitions/{partition}"
    bounds = node.get(f"{path}/offsets")
    start, end = bounds["log_start_offset"], bounds["high_watermark"]
    digest, size, last = hashlib.sha256(), 0, {}
    at = start
    while at < end:
        headers, body = node.do("GET", f"{path}/records?offset={at}&max_bytes=4000000", accept=BATCHES)
        digest.update(body)
        size += len(body)
        at = int(headers["Next-Offset"])
    records = [json.loads(line) for line in node.do("GET", f"{path}/records?until={end}", accept=NDJSON)[1].splitlines()]
    offsets = [record["offset"] for record in records]
    if offsets != (sorted(set(offsets)) if topic == "compacted" else list(range(start, end))):
        raise RuntimeError(f"{path} has a gap.")
    times = []
    for moment in sorted({record["timestamp"] for record in [*records[::len(records) // 3 + 1], *records[-1:]]}):
        found = node.get(f"{path}/offsets?timestamp={moment}")
        times.append({"at": moment, "offset": found["offset"], "timestamp": found["timestamp"]})
    shown = records if len(records) <= 60 else records[:2] + records[-2:]
    return {
        "partition": partition, "log_start_offset": start, "log_end_offset": end, "batch_bytes": size, "sha256": digest.hexdigest(),
        "times": times,
        # Long values are told by the digest.
        "records": [record for record in shown if len(json.dumps(record)) <= 600],
    }


def manifest(node):
    """Everything that the node says of what it has."""
    topics = []
    for name in [topic["topic_name"] for topic in node.get("/v1/topics")]:
        topic = node.get(f"/v1/topics/{name}")
        configs = {config["name"]: config["value"] for config in node.get(f"/v1/topics/{name}/configs") if not config["is_default"]}
        partitions = [partition_manifest(node, name, partition) for partition in range(topic["partitions_count"])]
        if name.startswith("__"):
            partitions = [partition for partition in partitions if partition["log_end_offset"] > 0]
        topics.append({**topic, "configs": configs, "partitions": partitions})
    groups = []
    for group in [group["group_id"] for group in node.get("/v1/groups")]:
        offsets = [
            {name: offset[name] for name in ("topic_name", "partition", "offset", "leader_epoch", "metadata", "committed_at")}
            for offset in node.get(f"/v1/groups/{group}/offsets")]
        groups.append({"description": node.get(f"/v1/groups/{group}"), "offsets": offsets})
    return {"topics": topics, "groups": groups}


def digests(told):
    return {(topic["topic_name"], partition["partition"]): (partition["log_end_offset"], partition["sha256"])
            for topic in told["topics"] for partition in topic["partitions"]}


def text(value, indent=0):
    """JSON in which what fits on a line is on one."""
    line = json.dumps(value, ensure_ascii=False)
    if not value or not isinstance(value, (dict, list)) or len(line) + indent <= 140:
        return line
    inner = (
        [f"{json.dumps(name)}: {text(member, indent + 1)}" for name, member in value.items()] if isinstance(value, dict)
        else [text(element, indent + 1) for element in value])
    opens, closes = "{}" if isinstance(value, dict) else "[]"
    return opens + ",".join("\n" + " " * (indent + 1) + part for part in inner) + "\n" + " " * indent + closes


def save(prefix, name, files, told):
    path = os.path.join(HERE, f"{prefix}-{name}")
    with zipfile.ZipFile(path + ".zip", "w", zipfile.ZIP_DEFLATED, compresslevel=9) as archive:
        for entry in sorted(files):
            # With a date of its own, the same store makes the same archive.
            info = zipfile.ZipInfo(entry, (2026, 11, 28, 0, 0, 0))
            info.compress_type = zipfile.ZIP_DEFLATED
            archive.writestr(info, files[entry], compresslevel=9)
    with open(path + ".json", "w", encoding="utf-8", newline="\n") as file:
        file.write(text(told) + "\n")
    print(f"{name}: {len(files)} files, {os.path.getsize(path + '.zip')} bytes, manifest {os.path.getsize(path + '.json')} bytes")


def keep_file_store(dll, data, prefix, name, before):
    """Keeps a store that no node has open, with what the build reads from a copy of it."""
    files = {}
    for file in os.listdir(data):
        if file != "LOCK":
            with open(os.path.join(data, file), "rb") as stream:
                files[file] = stream.read()
    with tempfile.TemporaryDirectory() as copy:
        for file, content in files.items():
            with open(os.path.join(copy, file), "wb") as stream:
                stream.write(content)
        node = Node(dll, "--data", copy)
        told = manifest(node)
        node.stop()
    check(told, before)
    save(prefix, name, files, told)


def check(told, before):
    """What was there before is there now; only the copy of the commits and the records under way may have become more."""
    now = digests(told)
    for place, (end, digest) in before.items():
        if now[place] != (end, digest) and not (now[place][0] > end and place[0] in ("__consumer_offsets", "many")):
            raise RuntimeError(f"{place}: {now[place]} instead of {(end, digest)}")


def file_stores(dll, prefix):
    with tempfile.TemporaryDirectory() as folder:
        data = os.path.join(folder, "data")
        node = Node(dll, "--data", data, "--compaction-check-interval", "100")
        write_first(node)
        node.stop()
        node = Node(dll, "--data", data)
        write_again(node, "after a stop")
        node.kill()
        node = Node(dll, "--data", data)
        write_again(node, "after a kill")
        before = digests(manifest(node))
        node.stop()
        keep_file_store(dll, data, prefix, "file-stopped", before)
        node = Node(dll, "--data", data)
        write_again(node, "before the end")
        before = digests(manifest(node))
        kill_under_load(node)
        keep_file_store(dll, data, prefix, "file-killed", before)


def azure_store(dll, command, prefix):
    with tempfile.TemporaryDirectory() as folder:
        azurite = Azurite(command, folder)
        try:
            options = {"LOIRE_STORAGE": "azure", "LOIRE_AZURE_CONNECTION": azurite.connection_string, "LOIRE_AZURE_CONTAINER": CONTAINER}
            node = Node(dll, **options, LOIRE_COMPACTION_CHECK_INTERVAL="100")
            write_first(node)
            node.stop()
            node = Node(dll, **options)
            write_again(node, "after a stop")
            before = digests(manifest(node))
            kill_under_load(node)
            blobs = azurite.blobs()
            node = Node(dll, **options)
            told = manifest(node)
            node.stop()
            check(told, before)
            save(prefix, "azure", blobs, told)
        finally:
            azurite.stop()


if __name__ == "__main__":
    node_dll, azurite_command, file_prefix = sys.argv[1:]
    file_stores(os.path.abspath(node_dll), file_prefix)
    azure_store(os.path.abspath(node_dll), azurite_command, file_prefix)
