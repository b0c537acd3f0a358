using System.Diagnostics;
using System.Text;
using Confluent.Kafka;
using Confluent.Kafka.Admin;
using ErrorCode = Confluent.Kafka.ErrorCode;

namespace Loire.Kafka.Clients.Tests;

/// <summary>Confluent.Kafka, which is librdkafka, does with a node what it does with a broker of Kafka.</summary>
public sealed class ConfluentTests(KafkaNode node) : IClassFixture<KafkaNode>
{
    private static readonly TimeSpan Patience = TimeSpan.FromSeconds(30);

    [Theory]
    [InlineData(CompressionType.None)]
    [InlineData(CompressionType.Gzip)]
    [InlineData(CompressionType.Snappy)]
    [InlineData(CompressionType.Lz4)]
    [InlineData(CompressionType.Zstd)]
    public async Task Records_of_each_codec_are_read_as_they_were_written(CompressionType codec)
    {
        var topic = $"codec-{codec}".ToLowerInvariant();
        using var producer = new ProducerBuilder<string, string>(new ProducerConfig
        {
            BootstrapServers = node.Bootstrap,
            CompressionType = codec,
            EnableIdempotence = true,
            LingerMs = 5,
        }).Build();
        var deliveries = await Task.WhenAll(Enumerable.Range(0, 500).Select(i => producer.ProduceAsync(topic, new Message<string, string>
        {
            Key = $"k{i}",
            Value = $"value {i}",
            Headers = [new Header("h", Encoding.UTF8.GetBytes($"{i}"))],
        })));
        Assert.Equal(Enumerable.Range(0, 500).Select(i => (long)i), deliveries.Select(delivery => delivery.Offset.Value));

        using var consumer = Consumer($"codecs-{codec}");
        consumer.Assign(new TopicPartitionOffset(topic, 0, Offset.Beginning));
        var read = Read(consumer, 500);
        Assert.Equal(Enumerable.Range(0, 500).Select(i => ($"k{i}", $"value {i}", $"{i}")),
            read.Select(record => (record.Message.Key, record.Message.Value, Encoding.UTF8.GetString(record.Message.Headers[0].GetValueBytes()))));
        Assert.Equal(500, consumer.QueryWatermarkOffsets(new TopicPartition(topic, 0), Patience).High.Value);
    }

    [Theory]
    [InlineData(PartitionAssignmentStrategy.Range, null)]
    [InlineData(PartitionAssignmentStrategy.RoundRobin, null)]
    [InlineData(PartitionAssignmentStrategy.CooperativeSticky, null)]
    [InlineData(null, GroupProtocol.Consumer)]
    public async Task Members_of_a_group_share_the_partitions_and_go_on_where_the_group_was(PartitionAssignmentStrategy? strategy, GroupProtocol? protocol)
    {
        var name = $"group-{strategy?.ToString() ?? "server"}".ToLowerInvariant();
        await CreateAsync(name, 4);
        Produce(name, 4, 25);
        using (var first = Consumer(name, strategy, protocol))
        using (var second = Consumer(name, strategy, protocol))
        {
            first.Subscribe(name);
            second.Subscribe(name);
            var read = new List<ConsumeResult<string, string>>();
            var begun = Stopwatch.GetTimestamp();
            while ((read.Count < 100 || first.Assignment.Count != 2 || second.Assignment.Count != 2) && Stopwatch.GetElapsedTime(begun) < Patience)
            {
                foreach (var member in new[] { first, second })
                {
                    if (member.Consume(TimeSpan.FromMilliseconds(20)) is { } record)
                    {
                        read.Add(record);
                    }
                }
            }

            Assert.Equal((2, 2), (first.Assignment.Count, second.Assignment.Count));
            Assert.Equal(100, read.Select(record => (record.Partition.Value, record.Offset.Value)).Distinct().Count());
            foreach (var member in new[] { first, second })
            {
                // One may have read all before the other came, which then has nothing of its own to commit.
                member.Commit(member.Assignment.Select(partition => new TopicPartitionOffset(partition, 25)));
            }

            first.Close();
            second.Close();
        }

        Produce(name, 4, 1);
        using var next = Consumer(name, strategy, protocol);
        next.Subscribe(name);
        Assert.All(Read(next, 4), record => Assert.Equal(25, record.Offset.Value));
        next.Close();
    }

    [Fact]
    public async Task A_transaction_is_read_whole_or_not_at_all_and_moves_the_offsets_of_its_group()
    {
        await CreateAsync("input", 1);
        await CreateAsync("output", 2);
        Produce("input", 1, 10);
        using var producer = new ProducerBuilder<string, string>(new ProducerConfig { BootstrapServers = node.Bootstrap, TransactionalId = "tx" }).Build();
        producer.InitTransactions(Patience);
        using var consumer = Consumer("copying");
        consumer.Subscribe("input");
        var read = Read(consumer, 10);
        foreach (var commits in new[] { false, true })
        {
            producer.BeginTransaction();
            foreach (var record in read)
            {
                producer.Produce(new TopicPartition("output", record.Offset.Value % 2 == 0 ? 0 : 1), new Message<string, string> { Key = record.Message.Key, Value = $"{commits}" });
            }

            producer.SendOffsetsToTransaction([new TopicPartitionOffset("input", 0, 10)], consumer.ConsumerGroupMetadata, Patience);
            if (commits)
            {
                producer.CommitTransaction(Patience);
            }
            else
            {
                producer.AbortTransaction(Patience);
                Assert.Equal(Offset.Unset, consumer.Committed([new TopicPartition("input", 0)], Patience).Single().Offset);
            }
        }

        Assert.Equal(10, consumer.Committed([new TopicPartition("input", 0)], Patience).Single().Offset.Value);
        consumer.Close();
        using var reader = Consumer("reading");
        reader.Assign([new TopicPartitionOffset("output", 0, Offset.Beginning), new TopicPartitionOffset("output", 1, Offset.Beginning)]);
        Assert.All(Read(reader, 10), record => Assert.Equal("True", record.Message.Value));
    }

    [Fact]
    public async Task Topics_and_groups_are_administered()
    {
        using var admin = new AdminClientBuilder(new AdminClientConfig { BootstrapServers = node.Bootstrap }).Build();
        await admin.CreateTopicsAsync([new TopicSpecification { Name = "administered", NumPartitions = 2, ReplicationFactor = 1, Configs = new() { ["retention.ms"] = "1000000" } }]);
        var failure = await Assert.ThrowsAsync<CreateTopicsException>(() => admin.CreateTopicsAsync([new TopicSpecification { Name = "administered", NumPartitions = 2 }]));
        Assert.Equal(ErrorCode.TopicAlreadyExists, failure.Results.Single().Error.Code);
        await admin.CreatePartitionsAsync([new PartitionsSpecification { Topic = "administered", IncreaseTo = 3 }]);
        Assert.Equal(3, admin.GetMetadata("administered", Patience).Topics.Single().Partitions.Count);
        var resource = new ConfigResource { Type = ResourceType.Topic, Name = "administered" };
        Assert.Equal("1000000", (await admin.DescribeConfigsAsync([resource])).Single().Entries["retention.ms"].Value);
        await admin.IncrementalAlterConfigsAsync(new()
        {
            [resource] = [new ConfigEntry { Name = "retention.ms", Value = "2000000", IncrementalOperation = AlterConfigOpType.Set }],
        });
        Assert.Equal("2000000", (await admin.DescribeConfigsAsync([resource])).Single().Entries["retention.ms"].Value);

        Produce("administered", 3, 2);
        using (var consumer = Consumer("administrators"))
        {
            consumer.Subscribe("administered");
            Read(consumer, 6);
            consumer.Commit();
            consumer.Close();
        }

        Assert.Contains((await admin.ListConsumerGroupsAsync()).Valid, group => group.GroupId == "administrators");
        var offsets = (await admin.ListConsumerGroupOffsetsAsync([new ConsumerGroupTopicPartitions("administrators", null)])).Single().Partitions;
        Assert.Equal([2L, 2, 2], offsets.Select(offset => offset.Offset.Value));
        var deleted = await admin.DeleteRecordsAsync([new TopicPartitionOffset("administered", 0, 1)]);
        Assert.Equal(1, deleted.Single().Offset.Value);
        await admin.DeleteGroupsAsync(["administrators"]);
        await admin.DeleteTopicsAsync(["administered"]);
        Assert.DoesNotContain(admin.GetMetadata(Patience).Topics, topic => topic.Topic == "administered");
    }

    private Task CreateAsync(string topic, int partitions)
    {
        var admin = new AdminClientBuilder(new AdminClientConfig { BootstrapServers = node.Bootstrap }).Build();
        return CreateAndDisposeAsync();

        async Task CreateAndDisposeAsync()
        {
            using (admin)
            {
                await admin.CreateTopicsAsync([new TopicSpecification { Name = topic, NumPartitions = partitions, ReplicationFactor = 1 }]);
            }
        }
    }

    private void Produce(string topic, int partitions, int each)
    {
        using var producer = new ProducerBuilder<string, string>(new ProducerConfig { BootstrapServers = node.Bootstrap }).Build();
        for (var i = 0; i < partitions * each; i++)
        {
            producer.Produce(new TopicPartition(topic, i % partitions), new Message<string, string> { Key = $"k{i}", Value = $"v{i}" });
        }

        Assert.Equal(0, producer.Flush(Patience));
    }

    private IConsumer<string, string> Consumer(string group, PartitionAssignmentStrategy? strategy = null, GroupProtocol? protocol = null) =>
        new ConsumerBuilder<string, string>(new ConsumerConfig
        {
            BootstrapServers = node.Bootstrap,
            GroupId = group,
            AutoOffsetReset = AutoOffsetReset.Earliest,
            EnableAutoCommit = false,
            PartitionAssignmentStrategy = strategy,
            GroupProtocol = protocol,
        }).Build();

    private static List<ConsumeResult<string, string>> Read(IConsumer<string, string> consumer, int count)
    {
        var (read, begun) = (new List<ConsumeResult<string, string>>(), Stopwatch.GetTimestamp());
        while (read.Count < count)
        {
            Assert.True(Stopwatch.GetElapsedTime(begun) < Patience, $"{read.Count} of {count} records were read in time.");
            if (consumer.Consume(TimeSpan.FromMilliseconds(100)) is { IsPartitionEOF: false } record)
            {
                read.Add(record);
            }
        }

        return read;
    }
}
