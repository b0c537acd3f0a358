using System.Collections.Concurrent;
using System.Globalization;
using Confluent.Kafka;
using Loire.Cluster.Tests.Clusters;
using Loire.Storage.Tests.Azurite;

namespace Loire.Cluster.Tests;

/// <summary>Kafka's clients of a cluster: they learn who leads, and lose nothing when a leader dies and another takes over.</summary>
public sealed class KafkaClientTests
{
    private const int Nodes = 3;
    private const int Partitions = 6;
    private const int Writes = 40;

    private static readonly TimeSpan Patience = TimeSpan.FromMinutes(2);

    [AzuriteFact]
    public async Task Clients_of_Kafka_find_the_leaders_and_lose_nothing_when_one_of_three_dies_and_comes_back()
    {
        await using var cluster = await ClusterOfProcesses.StartAsync(Nodes, "--kafka", "127.0.0.1:0");
        var topic = await cluster.CreateTopicAsync(Partitions);
        var addresses = cluster.Nodes.Select(node => node.Process.Kafka!).ToList();
        var bootstrap = string.Join(',', addresses);
        using (var admin = new AdminClientBuilder(new AdminClientConfig { BootstrapServers = bootstrap }).Build())
        {
            await Until.TrueAsync("all nodes are known with their addresses", () => admin.GetMetadata(topic, Patience).Brokers.Count == Nodes);
            var metadata = admin.GetMetadata(topic, Patience);
            Assert.Equal(addresses.Order(), metadata.Brokers.Select(broker => string.Create(CultureInfo.InvariantCulture, $"{broker.Host}:{broker.Port}")).Order());
            Assert.Equal([1, 2, 3], metadata.Topics.Single().Partitions.Select(partition => partition.Leader).Distinct().Order());
        }

        using var end = new CancellationTokenSource();
        var consumed = Enumerable.Range(0, Partitions).Select(_ => new ConcurrentDictionary<int, byte>()).ToArray();
        var consuming = Task.Run(() => Consume(bootstrap, topic, "readers", (partition, value) => consumed[partition].TryAdd(value, 0), end.Token));
        using var producer = new ProducerBuilder<Null, string>(new ProducerConfig
        {
            BootstrapServers = bootstrap,
            EnableIdempotence = true,
            MessageTimeoutMs = (int)Patience.TotalMilliseconds,
        }).Build();

        // Each round is acknowledged in every partition before the next fault.
        await WriteAsync(producer, topic, 0);
        var writing = WriteAsync(producer, topic, Writes);
        await cluster.Nodes[0].Process.KillAsync();
        await writing;
        await cluster.HealAsync();
        await WriteAsync(producer, topic, 2 * Writes);

        var all = Enumerable.Range(0, 3 * Writes).ToList();
        var stored = Enumerable.Range(0, Partitions).Select(_ => new List<int>()).ToArray();
        using var read = new CancellationTokenSource(Patience);
        Consume(bootstrap, topic, "checks", (partition, value) =>
        {
            stored[partition].Add(value);
            if (stored.All(values => values.Count >= all.Count))
            {
                read.Cancel();
            }
        }, read.Token);
        Assert.All(stored, values => Assert.Equal(all, values));
        await Until.TrueAsync("the group has everything", () => consumed.All(values => values.Count == all.Count), Patience);
        await end.CancelAsync();
        await consuming;
    }

    private static Task WriteAsync(IProducer<Null, string> producer, string topic, int first) => Task.WhenAll(Enumerable.Range(0, Partitions).Select(async partition =>
    {
        for (var value = first; value < first + Writes; value++)
        {
            await producer.ProduceAsync(
                new TopicPartition(topic, partition), new Message<Null, string> { Value = value.ToString(CultureInfo.InvariantCulture) });
        }
    }));

    private static void Consume(string bootstrap, string topic, string group, Action<int, int> take, CancellationToken cancellation)
    {
        using var consumer = new ConsumerBuilder<Ignore, string>(new ConsumerConfig
        {
            BootstrapServers = bootstrap,
            GroupId = group,
            AutoOffsetReset = AutoOffsetReset.Earliest,
            SessionTimeoutMs = 10_000,
        }).Build();
        consumer.Subscribe(topic);
        try
        {
            while (true)
            {
                try
                {
                    var record = consumer.Consume(cancellation);
                    take(record.Partition.Value, int.Parse(record.Message.Value, CultureInfo.InvariantCulture));
                }
                catch (ConsumeException failure) when (!failure.Error.IsFatal)
                {
                    // A broker is away; the client goes on by itself.
                }
            }
        }
        catch (OperationCanceledException)
        {
            consumer.Close();
        }
    }
}
