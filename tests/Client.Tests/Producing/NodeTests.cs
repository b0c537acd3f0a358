using Loire.Client.Tests.Nodes;
using Loire.Grains.Interfaces.Partitions;
using Loire.Model;
using static Loire.Client.Tests.Producing.ProducerBench;

namespace Loire.Client.Tests.Producing;

/// <summary>The producer on a real node.</summary>
public sealed class NodeTests(ClientNode node) : IClassFixture<ClientNode>
{
    [Fact]
    public async Task Nobody_produces_to_an_internal_topic()
    {
        await node.Client.Admin.CreateTopicAsync(new NewTopic("__transaction_state", 1));
        await using var producer = node.Client.CreateProducer(new ProducerOptions<string, string>());
        var refused = await Assert.ThrowsAsync<ProduceException>(
            async () => await producer.ProduceAsync("__transaction_state", Value("v", "key")));
        Assert.Equal((ErrorCode.InvalidTopicException, false), (refused.Code, refused.IsOutcomeUnknown));
        await node.Client.Admin.DeleteTopicAsync("__transaction_state");
    }

    [Theory]
    [InlineData(CompressionType.None)]
    [InlineData(CompressionType.Gzip)]
    [InlineData(CompressionType.Snappy)]
    [InlineData(CompressionType.Lz4)]
    [InlineData(CompressionType.Zstd)]
    public async Task Many_records_of_many_callers_are_all_there_once_and_each_callers_in_order(CompressionType compression)
    {
        const int Callers = 4, Each = 2_000;
        var topic = await node.CreateTopicAsync(3);
        await using var producer = node.Client.CreateProducer(
            new ProducerOptions<string, string> { Compression = compression, BatchSize = 4_096, BufferMemory = 100_000 });
        await Task.WhenAll(Enumerable.Range(0, Callers).Select(caller => Task.Run(async () =>
        {
            for (var i = 0; i < Each; i++)
            {
                // Each caller's records have one key, so they go to one partition and stay in order.
                await producer.EnqueueAsync(topic, Value($"{caller}/{i}", $"key {caller}"));
            }
        })));
        await producer.FlushAsync();
        var values = (await Logs(topic, 3)).SelectMany(log => log).ToArray();
        for (var caller = 0; caller < Callers; caller++)
        {
            Assert.Equal(
                Enumerable.Range(0, Each).Select(i => $"{caller}/{i}"),
                values.Where(value => value.StartsWith($"{caller}/", StringComparison.Ordinal)));
        }
    }

    [Theory]
    [InlineData(Acks.None)]
    [InlineData(Acks.Leader)]
    [InlineData(Acks.All)]
    public async Task Each_way_of_acknowledging_delivers(Acks acks)
    {
        var topic = await node.CreateTopicAsync();
        await using var producer = node.Client.CreateProducer(new ProducerOptions<string, string> { Acks = acks });
        Assert.Equal(acks == Acks.None ? -1 : 0, (await producer.ProduceAsync(topic, Value("a"))).Offset);

        await using var other = node.Client.CreateProducer<string, string>();
        await other.ProduceAsync(topic, Value("b"));
        await using var consumer = node.Client.CreateConsumer(
            new ConsumerOptions<string, string> { AutoOffsetReset = OffsetSpec.Earliest });
        await consumer.AssignAsync([new TopicPartition(topic, 0)]);
        List<string> values = [];
        await foreach (var record in consumer.ConsumeAsync())
        {
            values.Add(record.Value!);
            if (values.Count == 2)
            {
                break;
            }
        }

        // Nobody knows when the record that is not acknowledged arrives.
        Assert.Equal(["a", "b"], acks == Acks.None ? values.Order() : values);
    }

    [Fact]
    public async Task The_topics_own_limit_and_clock_hold()
    {
        var topic = await node.CreateTopicAsync();
        await node.Client.Admin.AlterConfigsAsync(
            topic, new Dictionary<string, string?> { ["max.message.bytes"] = "2000", ["message.timestamp.type"] = "LogAppendTime" });
        await using var producer = node.Client.CreateProducer<string, string>();
        var outcomes = await producer.ProduceBatchAsync(
            topic, [.. Enumerable.Range(0, 100).Select(i => Value(i == 50 ? new string('x', 3_000) : new string('y', 100)))]);
        Assert.Equal([50], outcomes.Index().Where(outcome => !outcome.Item.IsDelivered).Select(outcome => outcome.Index));
        Assert.Equal(ErrorCode.MessageTooLarge, outcomes[50].Failure!.Code);
        var old = await producer.ProduceAsync(topic, Value("old") with { Timestamp = DateTimeOffset.UnixEpoch });
        Assert.True(old.Timestamp.Year >= 2020);
    }

    [Fact]
    public async Task A_topic_that_is_deleted_while_records_are_under_way_ends_each_of_them()
    {
        var topic = await node.CreateTopicAsync(2);
        await using var producer = node.Client.CreateProducer(new ProducerOptions<string, string> { BatchSize = 1_024 });
        await producer.ProduceAsync(topic, Value("first"));
        var calls = Enumerable.Range(0, 5_000).Select(i => producer.TryProduceAsync(topic, Value($"{i}")).AsTask()).ToArray();
        await node.Client.Admin.DeleteTopicAsync(topic);
        var outcomes = await Task.WhenAll(calls);
        Assert.All(outcomes.Where(outcome => !outcome.IsDelivered), outcome => Assert.IsType<ProduceException>(outcome.Failure));
        var late = await producer.TryProduceAsync(topic, Value("late"));
        Assert.Equal(ErrorCode.UnknownTopicOrPartition, late.Failure!.Code);
    }

    private async Task<List<string[]>> Logs(string topic, int partitions)
    {
        var id = new TopicId((await node.Client.Admin.DescribeTopicAsync(topic)).Id);
        List<string[]> logs = [];
        for (var partition = 0; partition < partitions; partition++)
        {
            logs.Add(await ProducerBench.Log(node.Grains.GetGrain<IPartitionGrain>(new PartitionKey(TopicName.Parse(topic), id, partition).ToString())));
        }

        return logs;
    }
}
