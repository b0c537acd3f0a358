"""Writes to a topic and reads it as a member of a group, with kafka-python: the oldest dialect of the protocol. Prints what was read and what is committed."""
import sys

from kafka import KafkaConsumer, KafkaProducer, TopicPartition

bootstrap, topic, codec = sys.argv[1], sys.argv[2], sys.argv[3]
producer = KafkaProducer(bootstrap_servers=bootstrap, compression_type=None if codec == "none" else codec, acks="all")
for i in range(200):
    producer.send(topic, key=b"k%d" % i, value=b"v%d" % i, headers=[("h", b"%d" % i)])
producer.flush(30)
producer.close()
consumer = KafkaConsumer(topic, bootstrap_servers=bootstrap, group_id=topic, auto_offset_reset="earliest", enable_auto_commit=False, consumer_timeout_ms=20000)
read = [record for _, record in zip(range(200), consumer)]
consumer.commit()
partition = TopicPartition(topic, 0)
print(len({record.value for record in read}), consumer.committed(partition), consumer.end_offsets([partition])[partition])
consumer.close()
