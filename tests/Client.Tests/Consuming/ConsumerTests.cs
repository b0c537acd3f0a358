using Loire.Client.Tests.Nodes;
using Loire.Model;
using Loire.Model.Batches;

namespace Loire.Client.Tests.Consuming;

/// <summary>A consumer of a real node.</summary>
public sealed class ConsumerTests(ClientNode node) : IClassFixture<ClientNode>
{
    [Theory]
    [InlineData(CompressionType.None)]
    [InlineData(CompressionType.Gzip)]
    [InlineData(CompressionType.Snappy)]
    [InlineData(CompressionType.Lz4)]
    [InlineData(CompressionType.Zstd)]
    public async Task Everything_is_read_in_order_whatever_the_compression(CompressionType compression)
    {
        var topic = await node.CreateTopicAsync();
        await node.AppendAsync(topic, 0, ClientNode.Numbers(0, 1_000, compression));
        await node.AppendAsync(topic, 0, ClientNode.Numbers(1_000, 1));
        await node.AppendAsync(topic, 0, ClientNode.Numbers(1_001, 999, compression));
        await using var consumer = await ConsumerOf(topic, 1);
        var records = await Take(consumer, 2_000);
        Assert.Equal(Enumerable.Range(0, 2_000).Select(number => $"{number}"), records.Select(record => record.Value!));
        Assert.Equal(Enumerable.Range(0, 2_000).Select(number => new Offset(number)), records.Select(record => record.Offset));
        Assert.All(records, record => Assert.Equal(ClientNode.Epoch + record.Offset.Value, record.Timestamp!.Value.ToUnixTimeMilliseconds()));
        Assert.Equal(2_000, consumer.Position(new TopicPartition(topic, 0)));
    }

    [Fact]
    public async Task Every_part_of_a_record_comes_back()
    {
        var topic = await node.CreateTopicAsync();
        using var builder = new RecordBatchBuilder();
        builder.Append(
            new Timestamp(5), "k"u8, false, default, true,
            new RecordHeader("a"u8.ToArray(), "1"u8.ToArray()), new RecordHeader("a"u8.ToArray(), default, true), new RecordHeader(default, default));
        builder.Append(Timestamp.None, default, true, default, false);
        await node.AppendAsync(topic, 0, builder.Build());
        await using var consumer = await ConsumerOf(topic, 1);
        var records = await Take(consumer, 2);

        Assert.Equal(("k", null, true), (records[0].Key, records[0].Value, records[0].IsTombstone));
        Assert.Equal([new("a", "1"), new("a", null), new("", "")], records[0].Headers.Select(header => (header.Key, header.Text)));
        Assert.Equal(DateTimeOffset.FromUnixTimeMilliseconds(5), records[0].Timestamp);
        Assert.Equal((null, "", false), (records[1].Key, records[1].Value, records[1].IsTombstone));
        Assert.Same(Headers.Empty, records[1].Headers);
        Assert.Null(records[1].Timestamp);
        Assert.Throws<InvalidOperationException>(() => records[0].Headers.Add("b", "2"));
        Assert.Equal(4, new Headers(records[0].Headers).Add("b", "2").Count);
    }

    [Fact]
    public async Task Partitions_take_turns()
    {
        var topic = await node.CreateTopicAsync(3);
        for (var partition = 0; partition < 3; partition++)
        {
            for (var batch = 0; batch < 4; batch++)
            {
                await node.AppendAsync(topic, partition, ClientNode.Numbers(batch * 10, 10));
            }
        }

        await using var consumer = await ConsumerOf(topic, 3);
        Assert.Equal([.. Partitions(topic, 3)], consumer.Assignment);
        var records = await Take(consumer, 120);
        foreach (var partition in records.GroupBy(record => record.Partition))
        {
            Assert.Equal(Enumerable.Range(0, 40).Select(offset => new Offset(offset)), partition.Select(record => record.Offset));
        }

        // Whatever was there first, nobody waited for all of another partition's records once it had some.
        Assert.True(records.Take(100).Select(record => record.Partition).Distinct().Count() > 1);
    }

    [Fact]
    public async Task A_list_holds_records_of_one_partition_and_no_more_than_asked()
    {
        var topic = await node.CreateTopicAsync();
        for (var batch = 0; batch < 10; batch++)
        {
            await node.AppendAsync(topic, 0, ClientNode.Numbers(batch * 3, 3));
        }

        await using var consumer = node.Client.CreateConsumer(
            new ConsumerOptions<Ignore, string> { AutoOffsetReset = OffsetSpec.Earliest, MaxPollRecords = 7 });
        await consumer.AssignAsync(Partitions(topic, 1));
        var read = new List<Offset>();
        await foreach (var list in consumer.ConsumeBatchesAsync())
        {
            Assert.InRange(list.Count, 1, 7);
            read.AddRange(list.Select(record => record.Offset));
            Assert.Equal(read.Count, consumer.Position(new TopicPartition(topic, 0)));
            if (read.Count == 30)
            {
                break;
            }
        }

        Assert.Equal(Enumerable.Range(0, 30).Select(offset => new Offset(offset)), read);
    }

    [Fact]
    public async Task A_seek_goes_to_an_offset_an_end_or_a_moment_and_nothing_old_comes_after_it()
    {
        var topic = await node.CreateTopicAsync();
        await node.AppendAsync(topic, 0, ClientNode.Numbers(0, 100));
        await node.AppendAsync(topic, 0, ClientNode.Numbers(100, 100));
        await using var consumer = await ConsumerOf(topic, 1);
        var partition = new TopicPartition(topic, 0);
        Assert.Equal(["0", "1"], (await Take(consumer, 2)).Select(record => record.Value));
        await consumer.SeekAsync(partition, OffsetSpec.At(150));
        Assert.Equal(150, consumer.Position(partition));
        Assert.Equal(["150", "151"], (await Take(consumer, 2)).Select(record => record.Value));
        await consumer.SeekAsync(partition, OffsetSpec.Earliest);
        Assert.Equal("0", (await Take(consumer, 1))[0].Value);
        await consumer.SeekAsync(partition, OffsetSpec.AtTime(DateTimeOffset.FromUnixTimeMilliseconds(ClientNode.Epoch + 42)));
        Assert.Equal("42", (await Take(consumer, 1))[0].Value);
        await consumer.SeekAsync(partition, OffsetSpec.AtTime(DateTimeOffset.FromUnixTimeMilliseconds(ClientNode.Epoch + 1_000)));
        Assert.Equal(200, consumer.Position(partition));
        await consumer.SeekAsync(partition, OffsetSpec.Latest);
        await node.AppendAsync(topic, 0, ClientNode.Numbers(200, 1));
        Assert.Equal("200", (await Take(consumer, 1))[0].Value);
        Assert.Equal(new WatermarkOffsets(0, 201), await consumer.QueryWatermarksAsync(partition));
        Assert.Equal(7, await consumer.OffsetForTimeAsync(partition, DateTimeOffset.FromUnixTimeMilliseconds(ClientNode.Epoch + 7)));
    }

    [Fact]
    public async Task A_seek_in_the_middle_of_a_batch_takes_effect_with_the_next_record()
    {
        var topic = await node.CreateTopicAsync();
        await node.AppendAsync(topic, 0, ClientNode.Numbers(0, 1_000));
        await using var consumer = await ConsumerOf(topic, 1);
        var read = new List<Offset>();
        await foreach (var record in consumer.ConsumeAsync())
        {
            read.Add(record.Offset);
            if (read.Count == 3)
            {
                await consumer.SeekAsync(record.TopicPartition, OffsetSpec.At(900));
            }
            else if (read.Count == 5)
            {
                break;
            }
        }

        Assert.Equal([0, 1, 2, 900, 901], read);
    }

    [Fact]
    public async Task A_paused_partition_keeps_what_was_fetched_and_hands_none_of_it_out()
    {
        var topic = await node.CreateTopicAsync(2);
        await node.AppendAsync(topic, 0, ClientNode.Numbers(0, 100));
        await node.AppendAsync(topic, 1, ClientNode.Numbers(0, 100));
        await using var consumer = await ConsumerOf(topic, 2);
        var first = (await Take(consumer, 10))[^1].TopicPartition;
        var other = new TopicPartition(topic, 1 - first.Partition);
        consumer.Pause([first]);
        Assert.Equal([first], consumer.Paused);
        var position = consumer.Position(first);
        var rest = await Take(consumer, (int)(100 - consumer.Position(other)));
        Assert.All(rest, record => Assert.Equal(other, record.TopicPartition));
        Assert.Equal(position, consumer.Position(first));
        consumer.Resume([first]);
        Assert.Equal(
            Enumerable.Range((int)position.Value, (int)(100 - position.Value)).Select(offset => new Offset(offset)),
            (await Take(consumer, (int)(100 - position))).Select(record => record.Offset));
        Assert.Throws<InvalidOperationException>(() => consumer.Pause([first, new TopicPartition(topic, 9)]));
        Assert.Empty(consumer.Paused);
    }

    [Fact]
    public async Task Partitions_that_stay_assigned_keep_their_position()
    {
        var topic = await node.CreateTopicAsync(2);
        await node.AppendAsync(topic, 0, ClientNode.Numbers(0, 100));
        await node.AppendAsync(topic, 1, ClientNode.Numbers(0, 100));
        await using var consumer = await ConsumerOf(topic, 1);
        await Take(consumer, 10);
        await consumer.AssignAsync(Partitions(topic, 2));
        Assert.Equal((10, 0), (consumer.Position(new TopicPartition(topic, 0)), consumer.Position(new TopicPartition(topic, 1))));
        await consumer.AssignAsync([new TopicPartition(topic, 1)]);
        Assert.All(await Take(consumer, 100), record => Assert.Equal(1, record.Partition));
        await consumer.AssignAsync([new TopicPartitionOffset(topic, 0, 50)]);
        Assert.Equal(50, (await Take(consumer, 1))[0].Offset);
        Assert.Throws<InvalidOperationException>(() => consumer.Position(new TopicPartition(topic, 1)));
    }

    [Fact]
    public async Task An_assignment_that_cannot_be_made_changes_nothing()
    {
        var topic = await node.CreateTopicAsync();
        await using var consumer = await ConsumerOf(topic, 1);
        var code = (await Assert.ThrowsAsync<LoireException>(
            async () => await consumer.AssignAsync([new TopicPartition(topic, 0), new TopicPartition("missing", 0)]))).Code;
        Assert.Equal(ErrorCode.UnknownTopicOrPartition, code);
        code = (await Assert.ThrowsAsync<LoireException>(async () => await consumer.AssignAsync([new TopicPartition(topic, 1)]))).Code;
        Assert.Equal(ErrorCode.UnknownTopicOrPartition, code);
        code = Assert.Throws<InvalidIdentifierException>(() => new TopicPartition("a/b", 1)).Code;
        Assert.Equal(ErrorCode.InvalidTopicException, code);
        await Assert.ThrowsAsync<ArgumentException>(
            async () => await consumer.AssignAsync([new TopicPartition(topic, 0), new TopicPartition(topic, 0)]));
        await using var none = node.Client.CreateConsumer(new ConsumerOptions<Ignore, string> { AutoOffsetReset = OffsetSpec.None });
        code = (await Assert.ThrowsAsync<LoireException>(async () => await none.AssignAsync([new TopicPartition(topic, 0)]))).Code;
        Assert.Equal(ErrorCode.OffsetOutOfRange, code);
        Assert.Equal([new TopicPartition(topic, 0)], consumer.Assignment);
    }

    [Fact]
    public async Task Without_a_position_reading_begins_behind_what_is_there()
    {
        var topic = await node.CreateTopicAsync();
        await node.AppendAsync(topic, 0, ClientNode.Numbers(0, 10));
        await using var consumer = node.Client.CreateConsumer<Ignore, string>();
        await consumer.AssignAsync(Partitions(topic, 1));
        await node.AppendAsync(topic, 0, ClientNode.Numbers(10, 1));
        Assert.Equal("10", (await Take(consumer, 1))[0].Value);
    }

    [Fact]
    public async Task A_topic_that_is_deleted_or_created_anew_ends_the_enumeration_after_what_was_fetched()
    {
        var topic = await node.CreateTopicAsync();
        await node.AppendAsync(topic, 0, ClientNode.Numbers(0, 10));
        await using var consumer = await ConsumerOf(topic, 1);
        await Take(consumer, 10);
        await node.Client.Admin.DeleteTopicAsync(topic);
        var failure = await Assert.ThrowsAsync<ConsumeException>(async () => await Take(consumer, 1));
        Assert.Equal((ErrorCode.UnknownTopicOrPartition, new TopicPartitionOffset(topic, 0, 10)), (failure.Code, failure.Position));
        Assert.Equal(10, consumer.Position(new TopicPartition(topic, 0)));

        await node.Client.Admin.CreateTopicAsync(new NewTopic(topic, 1));
        failure = await Assert.ThrowsAsync<ConsumeException>(async () =>
        {
            // The first may still be the old news.
            await Assert.ThrowsAsync<ConsumeException>(async () => await Take(consumer, 1));
            await Take(consumer, 1);
        });
        Assert.Equal(ErrorCode.InconsistentTopicId, failure.Code);
        await node.AppendAsync(topic, 0, ClientNode.Numbers(0, 1));
        await consumer.AssignAsync(Partitions(topic, 1));
        Assert.Equal(0, (await Take(consumer, 1))[0].Offset);
    }

    private async Task<IConsumer<string, string>> ConsumerOf(string topic, int partitions)
    {
        var consumer = node.Client.CreateConsumer(new ConsumerOptions<string, string> { AutoOffsetReset = OffsetSpec.Earliest });
        await consumer.AssignAsync(Partitions(topic, partitions));
        return consumer;
    }

    private static IEnumerable<TopicPartition> Partitions(string topic, int count) =>
        Enumerable.Range(0, count).Select(partition => new TopicPartition(topic, partition));

    private static async Task<List<ConsumeResult<TKey, TValue>>> Take<TKey, TValue>(IConsumer<TKey, TValue> consumer, int count)
    {
        var records = new List<ConsumeResult<TKey, TValue>>();
        using var patience = new CancellationTokenSource(TimeSpan.FromSeconds(60));
        await foreach (var record in consumer.ConsumeAsync(patience.Token))
        {
            records.Add(record);
            if (records.Count == count)
            {
                return records;
            }
        }

        Assert.Fail($"Only {records.Count} of {count} records came.");
        return records;
    }
}
