'use strict';

// What a node does for kafkajs. Checks it here, and prints what it saw in one line.
//   node kafkajs.js BOOTSTRAP codec NAME       writes with a codec and reads as a group
//   node kafkajs.js BOOTSTRAP group            two members share four partitions, commit, and others continue
//   node kafkajs.js BOOTSTRAP seek             reads again from an offset, and from the first record of a time
//   node kafkajs.js BOOTSTRAP transaction      copies records and their offsets, all or nothing
//   node kafkajs.js BOOTSTRAP admin            administers topics and groups
//   node kafkajs.js BOOTSTRAP survive TOPIC    writes and reads numbers while the node dies and returns, see KillTests

const assert = require('node:assert/strict');
const { Kafka, CompressionTypes, ConfigResourceTypes, AclOperationTypes, AclPermissionTypes, AclResourceTypes, ResourcePatternTypes, logLevel } = require('kafkajs');

require('./codecs.js');

const [bootstrap, scenario, argument] = process.argv.slice(2);
const retry = { initialRetryTime: 100, maxRetryTime: 1000, retries: 100 };
const kafka = new Kafka({ brokers: [bootstrap], logLevel: scenario === 'survive' ? logLevel.NOTHING : logLevel.ERROR, retry });

async function produce(topic, messages, options = {}) {
  const producer = kafka.producer({ allowAutoTopicCreation: true });
  await producer.connect();
  const acknowledged = await producer.send({ topic, messages, ...options });
  await producer.disconnect();
  return acknowledged;
}

async function createTopic(topic, numPartitions) {
  const admin = kafka.admin();
  await admin.connect();
  assert.equal(await admin.createTopics({ topics: [{ topic, numPartitions }] }), true);
  await admin.disconnect();
}

/** A running member of a group that gathers what it reads; `until` waits for a condition on it. */
async function member(groupId, topic, options = {}) {
  const consumer = kafka.consumer({ groupId, maxWaitTimeInMs: 100, heartbeatInterval: 200, ...options });
  const seen = { records: [], partitions: [], consumer };
  const changed = [];
  const wake = () => changed.splice(0).forEach((resolve) => resolve());
  consumer.on(consumer.events.GROUP_JOIN, ({ payload }) => {
    seen.partitions = payload.memberAssignment[topic] ?? [];
    wake();
  });
  await consumer.connect();
  await consumer.subscribe({ topics: [topic], fromBeginning: true });
  await consumer.run({
    autoCommit: false,
    eachMessage: async ({ partition, message }) => {
      seen.records.push({ partition, ...message });
      wake();
    },
  });
  seen.until = async (condition) => {
    while (!condition(seen)) {
      await new Promise((resolve) => changed.push(resolve));
    }
  };
  seen.commit = () => consumer.commitOffsets(nextOffsets(topic, seen.records));
  return seen;
}

function nextOffsets(topic, records) {
  const next = new Map();
  for (const { partition, offset } of records) {
    next.set(partition, Math.max(next.get(partition) ?? 0, Number(offset) + 1));
  }

  return [...next].map(([partition, offset]) => ({ topic, partition, offset: `${offset}` }));
}

const scenarios = {
  async codec() {
    const topic = `kafkajs-${argument}`;
    const compression = { none: CompressionTypes.None, gzip: CompressionTypes.GZIP, snappy: CompressionTypes.Snappy, lz4: CompressionTypes.LZ4, zstd: CompressionTypes.ZSTD }[argument];
    const messages = Array.from({ length: 200 }, (_, i) => ({ key: `k${i}`, value: `value ${i}`, headers: { h: `${i}` } }));
    const [{ baseOffset }] = await produce(topic, messages, { compression });
    const reader = await member(topic, topic);
    await reader.until(({ records }) => records.length >= 200);
    assert.deepEqual(
      reader.records.map(({ key, value, headers, offset }) => [`${key}`, `${value}`, `${headers.h}`, offset]),
      messages.map(({ key, value, headers }, i) => [key, value, headers.h, `${i}`]));
    await reader.consumer.disconnect();
    return `${baseOffset} ${reader.records.length}`;
  },

  async group() {
    const topic = 'kafkajs-group';
    await createTopic(topic, 4);
    const write = (each) => produce(topic, Array.from({ length: 4 * each }, (_, i) => ({ value: `${i}`, partition: i % 4 })));
    await write(25);
    const members = await Promise.all([member('kafkajs', topic), member('kafkajs', topic)]);
    await Promise.all(members.map((one) => one.until(({ partitions }) => partitions.length === 2)));
    assert.deepEqual(members.flatMap(({ partitions }) => partitions).sort(), [0, 1, 2, 3]);
    const distinct = () => new Set(members.flatMap(({ records }) => records.map(({ partition, offset }) => `${partition}:${offset}`))).size;
    await Promise.race(members.map((one) => one.until(() => distinct() === 100)));
    // Without autocommit a member commits what it holds; one of them may have read partitions of the other before the rebalance.
    for (const one of members) {
      const own = one.records.filter(({ partition }) => one.partitions.includes(partition));
      await one.consumer.commitOffsets(one.partitions.map((partition) => ({ topic, partition, offset: '25' })));
      assert.ok(own.length > 0);
    }

    // One leaves, and the other gets all.
    await members[1].consumer.disconnect();
    await members[0].until(({ partitions }) => partitions.length === 4);
    await members[0].consumer.disconnect();
    await write(1);
    const next = await member('kafkajs', topic);
    await next.until(({ records }) => records.length === 4);
    assert.ok(next.records.every(({ offset }) => offset === '25'));
    await next.consumer.disconnect();
    return `${distinct()} ${next.records.length}`;
  },

  async seek() {
    const topic = 'kafkajs-seek';
    await createTopic(topic, 1);
    await produce(topic, Array.from({ length: 10 }, (_, i) => ({ value: `${i}`, timestamp: `${1700000000000 + i * 1000}` })));
    const reader = await member(topic, topic);
    await reader.until(({ records }) => records.length === 10);
    reader.consumer.seek({ topic, partition: 0, offset: '7' });
    await reader.until(({ records }) => records.length === 13);
    const admin = kafka.admin();
    await admin.connect();
    const [{ offset }] = await admin.fetchTopicOffsetsByTimestamp(topic, 1700000003500);
    reader.consumer.seek({ topic, partition: 0, offset });
    await reader.until(({ records }) => records.length === 19);
    reader.consumer.pause([{ topic }]);
    await admin.disconnect();
    await reader.consumer.disconnect();
    return reader.records.slice(10).map(({ offset: read }) => read).join(' ');
  },

  async transaction() {
    await createTopic('kafkajs-input', 1);
    await createTopic('kafkajs-output', 2);
    await produce('kafkajs-input', Array.from({ length: 10 }, (_, i) => ({ value: `${i}` })));
    const reader = await member('kafkajs-copy', 'kafkajs-input');
    await reader.until(({ records }) => records.length === 10);
    const admin = kafka.admin();
    await admin.connect();
    const committed = async () => (await admin.fetchOffsets({ groupId: 'kafkajs-copy', topics: ['kafkajs-input'] }))[0].partitions[0].offset;
    const producer = kafka.producer({ transactionalId: 'kafkajs', idempotent: true, maxInFlightRequests: 1 });
    await producer.connect();
    const seen = [];
    for (const commits of [false, true]) {
      const transaction = await producer.transaction();
      await transaction.send({
        topic: 'kafkajs-output',
        messages: reader.records.map(({ value }, i) => ({ value: `${commits} ${value}`, partition: i % 2 })),
      });
      await transaction.sendOffsets({ consumerGroupId: 'kafkajs-copy', topics: [{ topic: 'kafkajs-input', partitions: [{ partition: 0, offset: '10' }] }] });
      await (commits ? transaction.commit() : transaction.abort());
      seen.push(await committed());
    }

    await reader.consumer.disconnect();
    const copies = await member('kafkajs-read', 'kafkajs-output');
    await copies.until(({ records }) => records.length === 10);
    assert.ok(copies.records.every(({ value }) => `${value}`.startsWith('true')));
    await copies.consumer.disconnect();
    const all = await member('kafkajs-read-all', 'kafkajs-output', { readUncommitted: true });
    await all.until(({ records }) => records.length === 20);
    await all.consumer.disconnect();
    await producer.disconnect();
    await admin.disconnect();
    return `${seen.join(' ')} ${copies.records.length} ${all.records.length}`;
  },

  async admin() {
    const topic = 'kafkajs-admin';
    const admin = kafka.admin();
    await admin.connect();
    const { brokers, clusterId } = await admin.describeCluster();
    assert.deepEqual([`${brokers[0].host}:${brokers[0].port}`, clusterId.length > 0], [bootstrap, true]);
    assert.equal(await admin.createTopics({ topics: [{ topic, numPartitions: 2, replicationFactor: 1, configEntries: [{ name: 'retention.ms', value: '1000000' }] }] }), true);
    assert.equal(await admin.createTopics({ topics: [{ topic, numPartitions: 2 }] }), false);
    await admin.createPartitions({ topicPartitions: [{ topic, count: 3 }] });
    const { topics: [{ partitions }] } = await admin.fetchTopicMetadata({ topics: [topic] });
    assert.equal(partitions.length, 3);
    const setting = async (name) => (await admin.describeConfigs({ includeSynonyms: false, resources: [{ type: ConfigResourceTypes.TOPIC, name: topic, configNames: [name] }] }))
      .resources[0].configEntries[0].configValue;
    assert.equal(await setting('retention.ms'), '1000000');
    await admin.alterConfigs({ validateOnly: false, resources: [{ type: ConfigResourceTypes.TOPIC, name: topic, configEntries: [{ name: 'retention.ms', value: '2000000' }] }] });
    assert.equal(await setting('retention.ms'), '2000000');

    await produce(topic, Array.from({ length: 6 }, (_, i) => ({ value: `${i}`, partition: i % 3 })));
    const reader = await member('kafkajs-admins', topic);
    await reader.until(({ records }) => records.length === 6);
    await reader.commit();
    const described = (await admin.describeGroups(['kafkajs-admins'])).groups[0];
    assert.deepEqual([described.state, described.members.length], ['Stable', 1]);
    await reader.consumer.disconnect();
    assert.ok((await admin.listGroups()).groups.some(({ groupId }) => groupId === 'kafkajs-admins'));
    const offsets = async () => (await admin.fetchOffsets({ groupId: 'kafkajs-admins', topics: [topic] }))[0].partitions.map(({ offset }) => offset).join();
    assert.equal(await offsets(), '2,2,2');
    await admin.setOffsets({ groupId: 'kafkajs-admins', topic, partitions: [{ partition: 1, offset: '1' }] });
    assert.equal(await offsets(), '2,1,2');
    await admin.resetOffsets({ groupId: 'kafkajs-admins', topic, earliest: true });
    assert.equal(await offsets(), '-1,-1,-1');

    await admin.deleteTopicRecords({ topic, partitions: [{ partition: 0, offset: '1' }] });
    const [first] = (await admin.fetchTopicOffsets(topic)).filter(({ partition }) => partition === 0);
    assert.deepEqual([first.low, first.high], ['1', '2']);
    const acl = { resourceType: AclResourceTypes.TOPIC, resourceName: topic, resourcePatternType: ResourcePatternTypes.LITERAL, principal: 'User:a', host: '*', operation: AclOperationTypes.READ, permissionType: AclPermissionTypes.ALLOW };
    const refused = await admin.createAcls({ acl: [acl] }).then(() => 'created', ({ name }) => name);
    await admin.deleteGroups(['kafkajs-admins']);
    await admin.deleteTopics({ topics: [topic] });
    assert.ok(!(await admin.listTopics()).includes(topic));
    await admin.disconnect();
    return refused;
  },

  async survive() {
    const topic = argument;
    const producer = kafka.producer({ idempotent: true, maxInFlightRequests: 1 });
    const consumer = kafka.consumer({ groupId: topic, maxWaitTimeInMs: 100, heartbeatInterval: 500, retry: { ...retry, restartOnFailure: async () => true } });
    await consumer.connect();
    await consumer.subscribe({ topics: [topic], fromBeginning: true });
    await consumer.run({
      autoCommitInterval: 200,
      eachBatch: async ({ batch, resolveOffset, commitOffsetsIfNecessary }) => {
        console.log(batch.messages.map(({ value }) => `read ${value}`).join('\n'));
        resolveOffset(batch.lastOffset());
        await commitOffsetsIfNecessary();
      },
    });
    await producer.connect();
    let goesOn = true;
    process.stdin.on('end', () => { goesOn = false; }).resume();
    for (let number = 0; goesOn; number += 10) {
      const numbers = Array.from({ length: 10 }, (_, i) => `${number + i}`);
      try {
        await producer.send({ topic, messages: numbers.map((value) => ({ value })) });
        console.log(numbers.map((value) => `acked ${value}`).join('\n'));
      } catch (failure) {
        console.error(`${numbers[0]}: ${failure.message}`);
      }

      await new Promise((resolve) => setTimeout(resolve, 5));
    }

    console.log('stopped');
    await new Promise(() => {});
  },
};

// A scenario that waits for nothing any more has not ended well.
process.exitCode = 1;
scenarios[scenario]().then(
  (seen) => { console.log(seen); process.exit(0); },
  (failure) => { console.error(failure); process.exit(1); });
