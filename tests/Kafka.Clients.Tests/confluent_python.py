"""What a node does for confluent-kafka-python, which is librdkafka. Checks it here, and prints what it saw in one line.

    confluent_python.py BOOTSTRAP codec NAME        writes with a codec and reads as a group
    confluent_python.py BOOTSTRAP group ASSIGNOR    two members share four partitions, commit, and others continue
    confluent_python.py BOOTSTRAP seek              reads again from an offset, and from the first record of a time
    confluent_python.py BOOTSTRAP transaction       copies records and their offsets, all or nothing
    confluent_python.py BOOTSTRAP admin             administers topics and groups
    confluent_python.py BOOTSTRAP survive TOPIC     writes and reads numbers while the node dies and returns, see KillTests
"""
import sys
import threading
import time

from confluent_kafka import Consumer, KafkaException, Producer, TopicPartition
from confluent_kafka.admin import AdminClient, ConfigResource, NewPartitions, NewTopic

bootstrap, scenario = sys.argv[1], sys.argv[2]
argument = sys.argv[3] if len(sys.argv) > 3 else None
PATIENCE = 30


def settings(**options):
    return {"bootstrap.servers": bootstrap, "reconnect.backoff.max.ms": 500, **{name.replace("_", "."): value for name, value in options.items()}}


def new_consumer(group, **options):
    return Consumer(settings(group_id=group, auto_offset_reset="earliest", enable_auto_commit=False, **options))


def create(topic, partitions, **configs):
    admin = AdminClient(settings())
    created = NewTopic(topic, partitions, 1, config={name.replace("_", "."): value for name, value in configs.items()})
    admin.create_topics([created])[topic].result(PATIENCE)
    return admin


def produce(topic, records, **options):
    """Produces tuples of partition, value and timestamp, and returns the offsets."""
    offsets = []

    def delivered(error, record):
        assert error is None, error
        offsets.append(record.offset())

    producer = Producer(settings(**options))
    for partition, value, timestamp in records:
        producer.produce(topic, value, key=b"k" + value, partition=partition, timestamp=timestamp, headers=[("h", value)], on_delivery=delivered)
    assert producer.flush(PATIENCE) == 0
    return offsets


def records_of(consumer, count, records=None):
    """Reads until there are so many."""
    records, begun = [] if records is None else records, time.monotonic()
    while len(records) < count:
        assert time.monotonic() - begun < PATIENCE, "%d of %d records were read in time" % (len(records), count)
        record = consumer.poll(0.1)
        if record is not None:
            if record.error():
                raise KafkaException(record.error())
            records.append(record)
    return records


def codec():
    topic = "confluent-python-" + argument
    values = [b"value %d" % i for i in range(200)]
    offsets = produce(topic, [(0, value, 0) for value in values], compression_type=argument, enable_idempotence=True, linger_ms=5)
    consumer = new_consumer(topic, check_crcs=True)
    consumer.subscribe([topic])
    records = records_of(consumer, 200)
    assert offsets == list(range(200))
    assert [(r.key(), r.value(), r.headers(), r.offset()) for r in records] == [(b"k" + v, v, [("h", v)], i) for i, v in enumerate(values)]
    consumer.commit(asynchronous=False)
    committed = consumer.committed([TopicPartition(topic, 0)], PATIENCE)[0].offset
    low, high = consumer.get_watermark_offsets(TopicPartition(topic, 0), PATIENCE)
    consumer.close()
    return "%d %d %d %d" % (len(records), committed, low, high)


def group():
    topic = "confluent-python-" + argument
    create(topic, 4)

    def write(each):
        produce(topic, [(i % 4, b"%d" % i, 0) for i in range(4 * each)])

    write(25)
    members = [new_consumer(topic, partition_assignment_strategy=argument, heartbeat_interval_ms=200, session_timeout_ms=6000) for _ in range(2)]
    for member in members:
        member.subscribe([topic])
    seen, begun = set(), time.monotonic()
    while len(seen) < 100 or any(len(member.assignment()) != 2 for member in members):
        assert time.monotonic() - begun < PATIENCE, "%d records, %s" % (len(seen), [member.assignment() for member in members])
        for member in members:
            record = member.poll(0.02)
            if record is not None and not record.error():
                seen.add((record.partition(), record.offset()))
    assert sorted(part.partition for member in members for part in member.assignment()) == [0, 1, 2, 3]
    for member in members:
        member.commit(offsets=[TopicPartition(topic, part.partition, 25) for part in member.assignment()], asynchronous=False)

    # One leaves, and the other gets all.
    members[1].close()
    while len(members[0].assignment()) != 4:
        assert time.monotonic() - begun < PATIENCE
        members[0].poll(0.02)
    members[0].close()
    write(1)
    following = new_consumer(topic, partition_assignment_strategy=argument)
    following.subscribe([topic])
    records = records_of(following, 4)
    assert all(record.offset() == 25 for record in records), records
    following.close()
    return "%d %d" % (len(seen), len(records))


def seek():
    topic = "confluent-python-seek"
    create(topic, 1)
    produce(topic, [(0, b"%d" % i, 1700000000000 + i * 1000) for i in range(10)])
    consumer = new_consumer(topic)
    consumer.assign([TopicPartition(topic, 0, 0)])
    records = records_of(consumer, 10)
    consumer.seek(TopicPartition(topic, 0, 7))
    records_of(consumer, 13, records)
    found = consumer.offsets_for_times([TopicPartition(topic, 0, 1700000003500)], PATIENCE)[0].offset
    consumer.seek(TopicPartition(topic, 0, found))
    records_of(consumer, 19, records)
    consumer.close()
    return " ".join("%d" % record.offset() for record in records[10:])


def transaction():
    source, target, name = "confluent-python-input", "confluent-python-output", "confluent-python-copy"
    create(source, 1)
    create(target, 2)
    produce(source, [(0, b"%d" % i, 0) for i in range(10)])
    consumer = new_consumer(name)
    consumer.subscribe([source])
    records = records_of(consumer, 10)
    producer = Producer(settings(transactional_id="confluent-python"))
    producer.init_transactions(PATIENCE)
    committed = []
    for commits in (False, True):
        producer.begin_transaction()
        for i, record in enumerate(records):
            producer.produce(target, b"%d " % commits + record.value(), partition=i % 2)
        producer.flush(PATIENCE)  # Otherwise an abort drops what was not sent yet.
        producer.send_offsets_to_transaction(consumer.position(consumer.assignment()), consumer.consumer_group_metadata(), PATIENCE)
        if commits:
            producer.commit_transaction(PATIENCE)
        else:
            producer.abort_transaction(PATIENCE)
        committed.append(consumer.committed([TopicPartition(source, 0)], PATIENCE)[0].offset)
    consumer.close()
    counts = []
    for isolation, expected in (("read_committed", 10), ("read_uncommitted", 20)):
        reader = new_consumer(name + isolation, isolation_level=isolation)
        reader.assign([TopicPartition(target, partition, 0) for partition in range(2)])
        copies = records_of(reader, expected)
        assert expected == 20 or all(record.value().startswith(b"1 ") for record in copies)
        counts.append(len(copies))
        reader.close()
    return "%d %d %d %d" % (*committed, *counts)


def admin():
    topic = "confluent-python-admin"
    client = create(topic, 2, retention_ms="1000000")
    try:
        client.create_topics([NewTopic(topic, 2, 1)])[topic].result(PATIENCE)
        raise AssertionError("the topic was created twice")
    except KafkaException as failure:
        refusal = failure.args[0].name()
    client.create_partitions([NewPartitions(topic, 3)])[topic].result(PATIENCE)
    metadata = client.list_topics(topic, PATIENCE)
    broker = metadata.brokers[metadata.controller_id]
    assert (len(metadata.topics[topic].partitions), "%s:%d" % (broker.host, broker.port)) == (3, bootstrap), metadata

    def setting():
        resource = ConfigResource(ConfigResource.Type.TOPIC, topic)
        return client.describe_configs([resource])[resource].result(PATIENCE)["retention.ms"].value

    assert setting() == "1000000"
    changed = ConfigResource(ConfigResource.Type.TOPIC, topic, set_config={"retention.ms": "2000000"})
    client.alter_configs([changed])[changed].result(PATIENCE)
    assert setting() == "2000000"
    produce(topic, [(i % 3, b"%d" % i, 0) for i in range(6)])
    consumer = new_consumer("confluent-python-admins")
    consumer.subscribe([topic])
    records_of(consumer, 6)
    consumer.commit(asynchronous=False)
    described = client.list_groups("confluent-python-admins", PATIENCE)[0]
    assert (described.state, len(described.members)) == ("Stable", 1), described.state
    consumer.close()
    client.delete_topics([topic])[topic].result(PATIENCE)
    assert topic not in client.list_topics(timeout=PATIENCE).topics
    return "%s %s" % (refusal, described.protocol)


def say(line):
    sys.stdout.write(line + "\n")  # At once: two threads write.
    sys.stdout.flush()


def survive():
    consumer = new_consumer(argument, session_timeout_ms=6000, heartbeat_interval_ms=500)
    consumer.subscribe([argument])
    stopping = threading.Event()

    def write():
        producer = Producer(settings(enable_idempotence=True, linger_ms=5))
        number = 0

        def delivered(error, record):
            say("acked %s" % record.value().decode() if error is None else "failed %s" % error)

        while not stopping.is_set():
            for number in range(number, number + 10):
                producer.produce(argument, b"%d" % number, on_delivery=delivered)
            number += 1
            producer.poll(0)
            time.sleep(0.01)
        producer.flush(PATIENCE)
        say("stopped")

    threading.Thread(target=write, daemon=True).start()
    threading.Thread(target=lambda: (sys.stdin.read(), stopping.set()), daemon=True).start()
    committed = time.monotonic()
    while True:
        record = consumer.poll(0.1)
        if record is not None and record.error() is None:
            say("read %s" % record.value().decode())
        if time.monotonic() - committed > 0.2:
            committed = time.monotonic()
            try:
                consumer.commit(asynchronous=True)
            except KafkaException:
                pass  # There is nothing to commit yet.


print({"codec": codec, "group": group, "seek": seek, "transaction": transaction, "admin": admin, "survive": survive}[scenario]())
