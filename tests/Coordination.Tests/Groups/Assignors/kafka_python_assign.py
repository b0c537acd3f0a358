"""Reads lines of assignor|topics|member|... and prints kafka-python's assignment of each, as GroupCase writes it."""
import sys
from types import SimpleNamespace

from kafka.coordinator.assignors.range import RangePartitionAssignor
from kafka.coordinator.assignors.roundrobin import RoundRobinPartitionAssignor
from kafka.coordinator.assignors.sticky.sticky_assignor import StickyAssignorUserDataV1, StickyPartitionAssignor
from kafka.coordinator.protocol import ConsumerProtocolMemberMetadata

ASSIGNORS = {a.name: a for a in (RangePartitionAssignor, RoundRobinPartitionAssignor, StickyPartitionAssignor)}


def items(text):
    return [item for item in text.split(",") if item]


def metadata(generation, topics, owned):
    by_topic = {}
    for topic, number in (partition.rsplit("-", 1) for partition in items(owned)):
        by_topic.setdefault(topic, []).append(int(number))
    data = StickyAssignorUserDataV1(list(by_topic.items()), int(generation))
    return ConsumerProtocolMemberMetadata(0, items(topics), data.encode() if by_topic else b"")


for line in open(sys.argv[1], encoding="utf-8"):
    assignor, topics, *members = line.rstrip("\n").split("|")
    counts = {topic: int(count) for topic, count in (item.split(":") for item in items(topics))}
    cluster = SimpleNamespace(
        topics=lambda: set(counts),
        partitions_for_topic=lambda topic: set(range(counts[topic])) if topic in counts else None)
    fields = [member.split(";") for member in members]
    assignment = ASSIGNORS[assignor].assign(cluster, {f[0]: metadata(*f[2:]) for f in fields})
    print(" | ".join(
        (member + ": " + " ".join(f"{topic}-{number}" for topic, numbers in sorted(got.assignment) for number in sorted(numbers))).rstrip()
        for member, got in sorted(assignment.items())))
