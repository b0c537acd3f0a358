"""
Writes and reads batches with kafka-python, a client that shares no code with Loire.

  kafka_python.py write DIRECTORY      one file for each set of records and each codec
  kafka_python.py read FILE            prints the records of the batches in FILE, a line each

Needs Debian's python3-kafka, python3-lz4, python3-snappy, python3-zstandard.
"""

import os
import sys

from kafka.record.default_records import DefaultRecordBatch, DefaultRecordBatchBuilder
from kafka.record.memory_records import MemoryRecords

import samples

CODECS = {"none": 0, "gzip": 1, "snappy": 2, "lz4": 3, "zstd": 4}


def write(directory):
    for name, records in samples.SETS.items():
        for codec, number in CODECS.items():
            builder = DefaultRecordBatchBuilder(
                magic=2, compression_type=number, is_transactional=0, producer_id=-1, producer_epoch=-1, base_sequence=-1,
                batch_size=1 << 30)
            for offset, (timestamp, key, value, headers) in enumerate(records):
                builder.append(offset, timestamp, key, value, headers)
            with open(os.path.join(directory, f"{name}-{codec}.bin"), "wb") as file:
                file.write(bytes(builder.build()))


def read(path):
    with open(path, "rb") as file:
        batches = MemoryRecords(file.read())
    while batches.has_next():
        batch = batches.next_batch()
        assert isinstance(batch, DefaultRecordBatch) and batch.validate_crc(), "the checksum is wrong"
        for record in batch:
            headers = ",".join(f"{key.encode().hex()}={show(value)}" for key, value in record.headers)
            print(record.offset, record.timestamp, show(record.key), show(record.value), headers, sep="|")


def show(data):
    return "null" if data is None else data.hex()


if __name__ == "__main__":
    {"write": write, "read": read}[sys.argv[1]](sys.argv[2])
