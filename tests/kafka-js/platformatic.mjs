// What a node does for @platformatic/kafka. Checks it here, and prints what it saw in one line.
//   node platformatic.mjs BOOTSTRAP codec NAME       writes with a codec and reads as a group
//   node platformatic.mjs BOOTSTRAP group PROTOCOL   two members share four partitions, commit, and others continue; classic or consumer
//   node platformatic.mjs BOOTSTRAP seek             reads again from an offset, and from the first record of a time
//   node platformatic.mjs BOOTSTRAP transaction      copies records and their offsets, all or nothing
//   node platformatic.mjs BOOTSTRAP admin            administers topics and groups
//   node platformatic.mjs BOOTSTRAP survive TOPIC    writes and reads numbers while the node dies and returns, see KillTests

import assert from 'node:assert/strict';
import { Admin, Consumer, FetchIsolationLevels, ListOffsetTimestamps, Producer, stringDeserializers, stringSerializers } from '@platformatic/kafka';

const [bootstrap, scenario, argument] = process.argv.slice(2);
const client = { clientId: 'loire', bootstrapBrokers: [bootstrap], retries: 20, retryDelay: 100 };
const newProducer = (options) => new Producer({ ...client, serializers: stringSerializers, autocreateTopics: true, ...options });
const newConsumer = (groupId, options) => new Consumer({ ...client, groupId, deserializers: stringDeserializers, maxWaitTime: 100, heartbeatInterval: 200, ...options });
const fromCommitted = { mode: 'committed', fallbackMode: 'earliest', autocommit: false };

async function produce(messages, options) {
  const producer = newProducer(options);
  const { offsets } = await producer.send({ messages, acks: -1 });
  await producer.close();
  return offsets;
}

async function createTopic(topic, partitions) {
  const admin = new Admin(client);
  await admin.createTopics({ topics: [topic], partitions, replicas: 1 });
  await admin.close();
}

async function until(condition) {
  while (!condition()) {
    await new Promise((resolve) => setTimeout(resolve, 10));
  }
}

/** A running consumer that gathers what it reads. */
async function reader(groupId, topic, options = {}, stream = fromCommitted) {
  const consumer = newConsumer(groupId, options);
  const records = [];
  const messages = await consumer.consume({ topics: [topic], ...stream });
  messages.on('data', (message) => records.push(message));
  let isOpen = true;
  messages.on('error', (failure) => {
    // A stream may go on for a moment after its consumer was closed.
    if (isOpen) {
      throw failure;
    }
  });
  const partitions = () => consumer.assignments?.find((assigned) => assigned.topic === topic)?.partitions ?? [];
  const close = () => {
    isOpen = false;
    return consumer.close(true);
  };
  return { consumer, records, partitions, read: (count) => until(() => records.length >= count), close };
}

const scenarios = {
  async codec() {
    const topic = `platformatic-${argument}`;
    const messages = Array.from({ length: 200 }, (_, i) => ({ topic, key: `k${i}`, value: `value ${i}`, headers: { h: `${i}` } }));
    const [{ offset }] = await produce(messages, { compression: argument, idempotent: true });
    const { records, read, close } = await reader(topic, topic);
    await read(200);
    assert.deepEqual(
      records.map((message) => [message.key, message.value, message.headers.get('h'), Number(message.offset)]),
      messages.map(({ key, value, headers }, i) => [key, value, headers.h, i]));
    await records.at(-1).commit();
    await close();
    return `${offset} ${records.length}`;
  },

  async group() {
    const topic = `platformatic-${argument}`;
    const options = { groupProtocol: argument };
    await createTopic(topic, 4);
    const write = (each) => produce(Array.from({ length: 4 * each }, (_, i) => ({ topic, value: `${i}`, partition: i % 4 })));
    await write(25);
    const members = await Promise.all([reader(topic, topic, options), reader(topic, topic, options)]);
    const distinct = () => new Set(members.flatMap(({ records }) => records.map(({ partition, offset }) => `${partition}:${offset}`))).size;
    await until(() => members.every(({ partitions }) => partitions().length === 2) && distinct() === 100);
    assert.deepEqual(members.flatMap(({ partitions }) => partitions()).sort(), [0, 1, 2, 3]);
    for (const { consumer, partitions } of members) {
      await consumer.commit({ offsets: partitions().map((partition) => ({ topic, partition, offset: 25n, leaderEpoch: -1 })) });
    }

    // One leaves, and the other gets all.
    const read = distinct();
    await members[1].close();
    await until(() => members[0].partitions().length === 4);
    await members[0].close();
    await write(1);
    const next = await reader(topic, topic, options);
    await next.read(4);
    assert.ok(next.records.every(({ offset }) => offset === 25n));
    await next.close();
    return `${read} ${next.records.length}`;
  },

  async seek() {
    const topic = 'platformatic-seek';
    await createTopic(topic, 1);
    await produce(Array.from({ length: 10 }, (_, i) => ({ topic, value: `${i}`, timestamp: BigInt(1700000000000 + i * 1000) })));
    const from = (offset) => ({ mode: 'manual', offsets: [{ topic, partition: 0, offset }], autocommit: false });
    const sought = await reader('platformatic-seek', topic, {}, from(7n));
    await sought.read(3);
    const atTime = await sought.consumer.listOffsets({ topics: [topic], timestamp: 1700000003500n });
    await sought.close();
    const later = await reader('platformatic-seek', topic, {}, from(atTime.get(topic)[0]));
    await later.read(6);
    const ends = await later.consumer.listOffsets({ topics: [topic], timestamp: ListOffsetTimestamps.LATEST });
    await later.close();
    return [...sought.records, ...later.records].map(({ offset }) => offset).concat(ends.get(topic)).join(' ');
  },

  async transaction() {
    await createTopic('platformatic-input', 1);
    await createTopic('platformatic-output', 2);
    await produce(Array.from({ length: 10 }, (_, i) => ({ topic: 'platformatic-input', value: `${i}` })));
    const input = await reader('platformatic-copy', 'platformatic-input');
    await input.read(10);
    const committed = async () =>
      (await input.consumer.listCommittedOffsets({ topics: [{ topic: 'platformatic-input', partitions: [0] }] })).get('platformatic-input')[0];
    const producer = newProducer({ idempotent: true, transactionalId: 'platformatic' });
    const seen = [];
    for (const commits of [false, true]) {
      const transaction = await producer.beginTransaction();
      await transaction.addConsumer(input.consumer);
      await transaction.send({
        messages: input.records.map(({ value }, i) => ({ topic: 'platformatic-output', value: `${commits} ${value}`, partition: i % 2 })),
      });
      await transaction.addOffset(input.records.at(-1));
      await (commits ? transaction.commit() : transaction.abort());
      seen.push(await committed());
    }

    await input.close();
    await producer.close();
    const copies = await reader('platformatic-read', 'platformatic-output');
    await copies.read(10);
    assert.ok(copies.records.every(({ value }) => value.startsWith('true')));
    await copies.close();
    const all = await reader('platformatic-read-all', 'platformatic-output', {}, { ...fromCommitted, isolationLevel: FetchIsolationLevels.READ_UNCOMMITTED });
    await all.read(20);
    await all.close();
    return `${seen.join(' ')} ${copies.records.length} ${all.records.length}`;
  },

  async admin() {
    const topic = 'platformatic-admin';
    const admin = new Admin(client);
    const { brokers } = await admin.metadata({ topics: [] });
    assert.deepEqual([...brokers.values()].map(({ host, port }) => `${host}:${port}`), [bootstrap]);
    const [created] = await admin.createTopics({ topics: [topic], partitions: 2, replicas: 1, configs: [{ name: 'retention.ms', value: '1000000' }] });
    assert.deepEqual([created.name, created.partitions, created.replicas], [topic, 2, 1]);
    await assert.rejects(admin.createTopics({ topics: [topic], partitions: 2 }));
    await admin.createPartitions({ topics: [{ name: topic, count: 3, assignments: null }] });
    const resource = { resourceType: 2, resourceName: topic };
    const setting = async () => (await admin.describeConfigs({ resources: [{ ...resource, configurationKeys: ['retention.ms'] }] }))[0].configs[0].value;
    assert.equal(await setting(), '1000000');
    await admin.incrementalAlterConfigs({ resources: [{ ...resource, configs: [{ name: 'retention.ms', configOperation: 0, value: '2000000' }] }] });
    assert.equal(await setting(), '2000000');

    await produce(Array.from({ length: 6 }, (_, i) => ({ topic, value: `${i}`, partition: i % 3 })));
    const members = await reader('platformatic-admins', topic);
    await members.read(6);
    await members.consumer.commit({ offsets: [0, 1, 2].map((partition) => ({ topic, partition, offset: 2n, leaderEpoch: -1 })) });
    const described = (await admin.describeGroups({ groups: ['platformatic-admins'] })).get('platformatic-admins');
    assert.deepEqual([described.state, described.members.size], ['STABLE', 1]);
    await members.close();
    assert.ok((await admin.listGroups({ types: ['classic'] })).has('platformatic-admins'));
    const offsets = async () => (await admin.listConsumerGroupOffsets({ groups: ['platformatic-admins'] }))[0].topics[0].partitions.map(({ committedOffset }) => committedOffset).join();
    assert.equal(await offsets(), '2,2,2');
    await admin.alterConsumerGroupOffsets({ groupId: 'platformatic-admins', topics: [{ name: topic, partitionOffsets: [{ partition: 1, offset: 1n }] }] });
    const altered = await offsets();
    await admin.deleteConsumerGroupOffsets({ groupId: 'platformatic-admins', topics: [{ name: topic, partitionIndexes: [2] }] });
    const remaining = await offsets();

    const [deleted] = await admin.deleteRecords({ topics: [{ name: topic, partitions: [{ partition: 0, offset: 1n }] }] });
    assert.equal(deleted.partitions[0].lowWatermark, 1n);
    const [ends] = await admin.listOffsets({ topics: [{ name: topic, partitions: [{ partitionIndex: 0, timestamp: ListOffsetTimestamps.LATEST }] }] });
    assert.equal(ends.partitions[0].offset, 2n);
    const logs = await admin.describeLogDirs({ topics: [{ name: topic, partitions: [0, 1, 2] }] });
    assert.equal(logs.length, 1);
    const refused = await admin.describeAcls({ filter: { resourceType: 1, resourceName: null, resourcePatternType: 1, principal: null, host: null, operation: 1, permissionType: 1 } })
      .then(() => 'answered', ({ errors: [{ code }] }) => code);
    await admin.deleteGroups({ groups: ['platformatic-admins'] });
    await admin.deleteTopics({ topics: [topic] });
    assert.ok(!(await admin.listTopics()).includes(topic));
    await admin.close();
    return `${altered} ${remaining} ${refused}`;
  },

  async survive() {
    const topic = argument;
    const lasting = { retries: 1000, retryDelay: 100, connectTimeout: 1000 };
    const consumer = newConsumer(topic, { ...lasting, heartbeatInterval: 500, sessionTimeout: 6000 });
    let goesOn = true;
    process.stdin.on('end', () => { goesOn = false; }).resume();
    const reading = (async () => {
      while (true) {
        try {
          const stream = await consumer.consume({ topics: [topic], ...fromCommitted, autocommit: 200 });
          for await (const { value } of stream) {
            console.log(`read ${value}`);
          }
        } catch (failure) {
          console.error(`reading: ${failure.message}`);
          await new Promise((resolve) => setTimeout(resolve, 100));
        }
      }
    })();
    const producer = newProducer({ ...lasting, idempotent: true });
    for (let number = 0; goesOn; number += 10) {
      const numbers = Array.from({ length: 10 }, (_, i) => `${number + i}`);
      try {
        await producer.send({ messages: numbers.map((value) => ({ topic, value })), acks: -1 });
        console.log(numbers.map((value) => `acked ${value}`).join('\n'));
      } catch (failure) {
        console.error(`${numbers[0]}: ${failure.message}`);
      }

      await new Promise((resolve) => setTimeout(resolve, 5));
    }

    console.log('stopped');
    await reading;
  },
};

// A scenario that waits for nothing any more has not ended well.
process.exitCode = 1;
scenarios[scenario]().then(
  (seen) => { console.log(seen); process.exit(0); },
  (failure) => { console.error(failure); process.exit(1); });
