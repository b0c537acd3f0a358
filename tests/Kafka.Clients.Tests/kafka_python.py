"""What a node does for kafka-python, which speaks the oldest dialect of the protocol. Prints what it saw.

    kafka_python.py BOOTSTRAP codec NAME       writes with a codec, reads as a group and commits
    kafka_python.py BOOTSTRAP survive TOPIC    writes and reads numbers while the node dies and returns, see KillTests
"""
import sys
import threading
import time

from kafka import KafkaConsumer, KafkaProducer, TopicPartition

bootstrap, scenario, argument = sys.argv[1:4]


def codec():
    topic = "python-" + argument
    producer = KafkaProducer(bootstrap_servers=bootstrap, compression_type=None if argument == "none" else argument, acks="all")
    for i in range(200):
        producer.send(topic, key=b"k%d" % i, value=b"v%d" % i, headers=[("h", b"%d" % i)])
    producer.flush(30)
    producer.close()
    consumer = KafkaConsumer(topic, bootstrap_servers=bootstrap, group_id=topic, auto_offset_reset="earliest", enable_auto_commit=False, consumer_timeout_ms=20000)
    read = [record for _, record in zip(range(200), consumer)]
    consumer.commit()
    partition = TopicPartition(topic, 0)
    seen = "%d %d %d" % (len({record.value for record in read}), consumer.committed(partition), consumer.end_offsets([partition])[partition])
    consumer.close()
    return seen


def say(line):
    sys.stdout.write(line + "\n")  # At once: two threads write.
    sys.stdout.flush()


def survive():
    # The client has no idempotent producer, so what it sends again may be stored twice.
    reconnect = {"bootstrap_servers": bootstrap, "reconnect_backoff_ms": 50, "reconnect_backoff_max_ms": 500}
    stopping = threading.Event()

    def write():
        producer = KafkaProducer(acks="all", retries=1000, max_in_flight_requests_per_connection=1, linger_ms=5, **reconnect)
        number = 0
        while not stopping.is_set():
            for number in range(number, number + 10):
                producer.send(argument, b"%d" % number).add_callback(lambda _, acked=number: say("acked %d" % acked))
            number += 1
            time.sleep(0.01)
        producer.flush(30)
        say("stopped")

    threading.Thread(target=write, daemon=True).start()
    threading.Thread(target=lambda: (sys.stdin.read(), stopping.set()), daemon=True).start()
    consumer = KafkaConsumer(
        argument, group_id=argument, auto_offset_reset="earliest", auto_commit_interval_ms=200, session_timeout_ms=6000, heartbeat_interval_ms=500, **reconnect)
    for record in consumer:
        say("read %s" % record.value.decode())


print({"codec": codec, "survive": survive}[scenario]())
