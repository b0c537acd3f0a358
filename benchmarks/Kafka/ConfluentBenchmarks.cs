using System.Globalization;
using Confluent.Kafka;
using static Loire.Kafka.Benchmarks.Row;

namespace Loire.Kafka.Benchmarks;

/// <summary>Confluent.Kafka against the node, which syncs, and against librdkafka's mock in memory, in turns.</summary>
internal static class ConfluentBenchmarks
{
    private const int Rounds = 5;
    private static readonly TimeSpan Patience = TimeSpan.FromSeconds(60);

    public static async Task All(string own)
    {
        await using var node = await LoireNode.StartAsync(own);
        using var mock = new MockCluster();
        foreach (var (recordBytes, records) in new[] { (1_024, 200_000), (100, 800_000) })
        {
            foreach (var partitions in new[] { 1, 16 })
            {
                foreach (var linger in new[] { 5, 50 })
                {
                    await MeasureAsync(node, mock, recordBytes, records, partitions, linger);
                }
            }
        }
    }

    private static async Task MeasureAsync(LoireNode node, MockCluster mock, int recordBytes, int records, int partitions, int linger)
    {
        var topic = $"confluent-{recordBytes}-{partitions}-{linger}";
        await node.CreateTopicAsync(topic, partitions);
        mock.CreateTopic(topic, partitions);
        using var ours = Connect(string.Create(CultureInfo.InvariantCulture, $"127.0.0.1:{node.KafkaPort}"), linger);
        using var theirs = Connect(mock.Bootstrap, linger);
        List<double> rates = [], mockRates = [], costs = [];
        for (var round = 0; round <= Rounds; round++)
        {
            var spent = await Spent.MeasureAsync(node, () => RawConnection.OnThread(() => Produce(ours, topic, partitions, recordBytes, records)));
            await node.SettleAsync();
            var besides = await Spent.MeasureAsync(null, () => RawConnection.OnThread(() => Produce(theirs, topic, partitions, recordBytes, records)));
            if (round > 0)
            {
                rates.Add(records / spent.Seconds);
                mockRates.Add(records / besides.Seconds);
                costs.Add(spent.NodeSeconds * 1e6 / records);
            }
        }

        Print(
            $"Confluent.Kafka produces {(recordBytes == 100 ? "100 B" : "1 KB")}, {(partitions == 1 ? "1 partition" : $"{partitions} partitions")}, linger {linger} ms: records/s",
            $"{Rate(Median(rates))} (node {Median(costs):F2} us a record)", $"librdkafka's mock in memory {Rate(Median(mockRates))}", Ratio(rates, mockRates), ">= 0.9");
        await node.DeleteTopicAsync(topic);
    }

    private static IProducer<Null, byte[]> Connect(string servers, int linger) => new ProducerBuilder<Null, byte[]>(new ProducerConfig
    {
        BootstrapServers = servers,
        Acks = Acks.All,
        LingerMs = linger,
        DeliveryReportFields = "none",

        // Never full, so that the loop does not wait.
        QueueBufferingMaxMessages = 2_000_000,
        QueueBufferingMaxKbytes = 2_000_000,
    }).Build();

    private static void Produce(IProducer<Null, byte[]> producer, string topic, int partitions, int recordBytes, int records)
    {
        var (message, reported, failed) = (new Message<Null, byte[]> { Value = new byte[recordBytes] }, 0, 0);
        using var done = new ManualResetEventSlim();
        var targets = Enumerable.Range(0, partitions).Select(index => new TopicPartition(topic, new Partition(index))).ToArray();
        for (var i = 0; i < records; i++)
        {
            producer.Produce(targets[i % partitions], message, report =>
            {
                // Flush runs some of these beside the client's own thread.
                if (report.Error.IsError)
                {
                    Interlocked.Increment(ref failed);
                }

                if (Interlocked.Increment(ref reported) == records)
                {
                    done.Set();
                }
            });
        }

        producer.Flush(Patience);
        if (!done.Wait(Patience) || failed > 0)
        {
            throw new InvalidDataException($"{failed} of {records} records failed, {reported} had an answer.");
        }
    }
}
