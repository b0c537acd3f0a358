'use strict';

const { CompressionTypes, CompressionCodecs } = require('kafkajs');

// kafkajs has gzip itself and takes the others from packages.
const lz4 = require('lz4js');
CompressionCodecs[CompressionTypes.Snappy] = require('kafkajs-snappy');
CompressionCodecs[CompressionTypes.LZ4] = () => ({
  compress: async (encoder) => Buffer.from(lz4.compress(encoder.buffer)),
  decompress: async (buffer) => Buffer.from(lz4.decompress(buffer)),
});
CompressionCodecs[CompressionTypes.ZSTD] = () => {
  const zstd = new Promise((resolve) => require('zstd-codec').ZstdCodec.run(({ Simple }) => resolve(new Simple())));
  return {
    compress: async (encoder) => Buffer.from((await zstd).compress(encoder.buffer)),
    decompress: async (buffer) => Buffer.from((await zstd).decompress(buffer)),
  };
};
