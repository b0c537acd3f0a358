'use strict';

// Answers questions about Avro with avsc: a JSON object a line on standard input, a JSON object a line on standard output.
//   {op: 'decode', schema, hex}           -> {json}   the value in Avro's JSON encoding
//   {op: 'encode', schema, json}          -> {hex}
//   {op: 'resolve', writer, reader, hex}  -> {json}   the value as the reader's schema sees it
//   {op: 'md5', schema}                   -> {hex}    of the canonical form
// What avsc throws is answered as {error}.

const avro = require('avsc');
const readline = require('readline');

// Without this, longs beyond 2^53 are lost. In JSON they are texts.
const longs = avro.types.LongType.__with({
  fromBuffer: (buffer) => buffer.readBigInt64LE(),
  toBuffer: (value) => {
    const buffer = Buffer.alloc(8);
    buffer.writeBigInt64LE(BigInt(value));
    return buffer;
  },
  fromJSON: (text) => BigInt(text),
  toJSON: (value) => value.toString(),
  isValid: (value) => typeof value === 'bigint',
  compare: (a, b) => (a < b ? -1 : a > b ? 1 : 0),
});

const parse = (schema, typeHook) => avro.Type.forSchema(JSON.parse(schema), { wrapUnions: true, typeHook });
const exact = (schema) => parse(schema, (part) => (part === 'long' || part.type === 'long' ? longs : undefined));

const operations = {
  decode: ({ schema, hex }) => ({ json: exact(schema).toString(exact(schema).fromBuffer(Buffer.from(hex, 'hex'))) }),
  encode: ({ schema, json }) => ({ hex: exact(schema).toBuffer(exact(schema).fromString(json)).toString('hex') }),
  resolve: ({ writer, reader, hex }) => {
    const type = parse(reader);
    return { json: type.toString(type.fromBuffer(Buffer.from(hex, 'hex'), type.createResolver(parse(writer)))) };
  },
  md5: ({ schema }) => ({ hex: parse(schema).fingerprint('md5').toString('hex') }),
};

readline.createInterface({ input: process.stdin }).on('line', (line) => {
  let answer;
  try {
    const question = JSON.parse(line);
    answer = operations[question.op](question);
  } catch (error) {
    answer = { error: error.message };
  }
  process.stdout.write(JSON.stringify(answer) + '\n');
});
