#!/usr/bin/env bash
# Makes every fixture of this folder again, with the clients that made the present ones. A fixture that differs afterwards shows
# that a client has changed (librdkafka's always differ in their timestamps).
#   apt-get install python3-kafka python3-lz4 python3-snappy python3-zstandard kcat lz4 nodejs npm
set -euo pipefail
cd "$(dirname "$0")"
export PYTHONDONTWRITEBYTECODE=1
scratch=$(mktemp -d)
trap 'rm -rf "$scratch"' EXIT

mkdir -p kafka-python-2.0.2 librdkafka-2.0.2 kafkajs-2.2.4 lz4-1.9.4
/usr/bin/python3 kafka_python.py write kafka-python-2.0.2

/usr/bin/python3 samples.py > "$scratch/run.txt"
for codec in none gzip snappy lz4 zstd; do
  /usr/bin/python3 fake_broker.py capture "librdkafka-2.0.2/run-$codec.bin" \
    kcat -P -b '127.0.0.1:{port}' -t golden -p 0 -K '|' -z "$codec" -X linger.ms=1000 -X batch.num.messages=10000 \
      -H app=kcat -l "$scratch/run.txt"
done

npm install --silent --no-audit --no-fund --prefix "$scratch" kafkajs@2.2.4
NODE_PATH="$scratch/node_modules" node kafkajs.js kafkajs-2.2.4

# What no client sends by default but the LZ4 frame format allows: the records of run-none.bin, one frame each.
tail -c +62 kafka-python-2.0.2/run-none.bin > "$scratch/records"
lz4 -q -f -BD -B4 "$scratch/records" lz4-1.9.4/linked.bin
lz4 -q -f -BI -B4 -BX "$scratch/records" lz4-1.9.4/block-checksums.bin
lz4 -q -f -B7 --no-frame-crc --content-size "$scratch/records" lz4-1.9.4/content-size.bin
lz4 -q -f -12 -BD -B5 -BX --content-size "$scratch/records" lz4-1.9.4/high-compression.bin
