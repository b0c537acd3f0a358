'use strict';

// Writes records from a file of JSON, and reads a partition as JSON, by kafkajs. Bytes are in base64.
//   node doors.js BOOTSTRAP write TOPIC CODEC FILE     CODEC: none or gzip
//   node doors.js BOOTSTRAP read TOPIC COUNT

const { readFileSync } = require('node:fs');
const { Kafka, CompressionTypes, logLevel } = require('kafkajs');

require('./codecs.js');

const [bootstrap, scenario, topic, ...rest] = process.argv.slice(2);
const kafka = new Kafka({ brokers: [bootstrap], logLevel: logLevel.ERROR });
const bytes = (text) => (text === null ? null : Buffer.from(text, 'base64'));
const text = (buffer) => (buffer === null || buffer === undefined ? null : Buffer.from(buffer).toString('base64'));

async function write(codec, file) {
  const records = JSON.parse(readFileSync(file, 'utf8'));
  const producer = kafka.producer();
  await producer.connect();
  const messages = records.map((record) => {
    const headers = {};
    for (const header of record.headers) {
      (headers[header.name] ??= []).push(bytes(header.value));
    }
    return { partition: 0, key: bytes(record.key), value: bytes(record.value), timestamp: String(record.timestamp), headers };
  });
  await producer.send({ topic, messages, compression: codec === 'gzip' ? CompressionTypes.GZIP : CompressionTypes.None });
  await producer.disconnect();
}

async function read(count) {
  const consumer = kafka.consumer({ groupId: `doors-${topic}`, maxBytesPerPartition: 4 * 1024 * 1024 });
  await consumer.connect();
  await consumer.subscribe({ topic, fromBeginning: true });
  const records = [];
  await new Promise((resolve, reject) => {
    consumer.on(consumer.events.CRASH, ({ payload }) => reject(payload.error));
    consumer.run({
      eachMessage: async ({ message }) => {
        const headers = Object.entries(message.headers).flatMap(([name, values]) => [values].flat().map((value) => ({ name, value: text(value) })));
        records.push({ offset: Number(message.offset), key: text(message.key), value: text(message.value), timestamp: Number(message.timestamp), headers });
        if (records.length === Number(count)) {
          resolve();
        }
      },
    }).catch(reject);
  });
  await consumer.disconnect();
  process.stdout.write(JSON.stringify(records));
}

(scenario === 'write' ? write(...rest) : read(...rest)).catch((failure) => {
  console.error(failure);
  process.exit(1);
});
