// Writes batches, and its own table of errors, with KafkaJS: `npm install kafkajs@2.2.4`, then `node kafkajs.js DIRECTORY`.
// It compresses with gzip only.
// The records are those of samples.py.
const fs = require('fs')
const path = require('path')
const { RecordBatch } = require('kafkajs/src/protocol/recordBatch/v0')
const Record = require('kafkajs/src/protocol/recordBatch/record/v0')
const { errorCodes } = require('kafkajs/src/protocol/error')

const START = 1700000000000

const few = [
  [START, 'key', Buffer.from('value'), {}],
  [START + 1, null, Buffer.from('no key'), { one: '1' }],
  [START - 1000, 'no value', null, { repeated: ['first', 'second', 'first'] }],
  [START + 86400000, '', Buffer.from(''), { '': Buffer.from(''), 'unicode-\u00fc\u4e16': Buffer.from([...Array(256).keys()]) }],
  [START + 2, null, null, {}],
  [START + 3, Buffer.alloc(300), Buffer.alloc(20000, 255), {}],
]

const text = i => `${i}: ` + 'the quick brown fox jumps over the lazy dog; '.repeat(1 + (i % 9)) + `${i * i}`
const run = [...Array(400).keys()].map(i => [START + 10 * i, `key-${i % 7}`, Buffer.from(text(i)), {}])

async function write(directory) {
  for (const [name, records] of Object.entries({ few, run })) {
    for (const [codec, compression] of Object.entries({ none: 0, gzip: 1 })) {
      const batch = await RecordBatch({
        compression,
        firstTimestamp: records[0][0],
        maxTimestamp: Math.max(...records.map(r => r[0])),
        lastOffsetDelta: records.length - 1,
        records: records.map(([timestamp, key, value, headers], i) =>
          Record({ offsetDelta: i, timestampDelta: timestamp - records[0][0], key, value, headers })),
      })
      fs.writeFileSync(path.join(directory, `${name}-${codec}.bin`), batch.buffer)
    }
  }

  const errors = errorCodes.map(({ code, type, retriable }) => `${code} ${type} ${retriable}\n`)
  fs.writeFileSync(path.join(directory, 'errors.txt'), errors.join(''))
}

write(process.argv[2])
