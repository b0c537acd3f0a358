using Confluent.Kafka;
using Loire.Kafka.Clients.Tests;
using Streamiz.Kafka.Net;
using Streamiz.Kafka.Net.SerDes;
using Streamiz.Kafka.Net.Table;

namespace Loire.Kafka.Ecosystem.Tests;

/// <summary>Streamiz, the .NET sibling of Kafka Streams: its groups, repartition and changelog topics, and its transactions.</summary>
public sealed class StreamizTests(KafkaNode node) : IClassFixture<KafkaNode>
{
    [Theory]
    [InlineData(ProcessingGuarantee.AT_LEAST_ONCE)]
    [InlineData(ProcessingGuarantee.EXACTLY_ONCE)]
    public async Task Words_of_lines_are_counted(ProcessingGuarantee guarantee)
    {
        var name = guarantee.ToString().Replace('_', '-');
        var (lines, words) = ($"lines-{name}", $"words-{name}");
        await Topics.CreateAsync(node, lines, words);
        var state = Directory.CreateTempSubdirectory("streamiz-");
        var config = new StreamConfig<StringSerDes, StringSerDes>
        {
            ApplicationId = $"count-{name}",
            BootstrapServers = node.Bootstrap,
            AutoOffsetReset = AutoOffsetReset.Earliest,
            Guarantee = guarantee,
            StateDir = state.FullName,
        };
        var builder = new StreamBuilder();
        builder.Stream<string, string>(lines)
            .FlatMapValues((line, _) => line.Split(' ').AsEnumerable())
            .GroupBy((_, word, _) => word)
            .Count(InMemory.As<string, long>("counts"))
            .ToStream()
            .To(words, new StringSerDes(), new Int64SerDes());
        using var stream = new KafkaStream(builder.Build(), config);
        using (var producer = new ProducerBuilder<Null, string>(new ProducerConfig { BootstrapServers = node.Bootstrap }).Build())
        {
            await producer.ProduceAsync(lines, new Message<Null, string> { Value = "a b a" });
            await producer.ProduceAsync(lines, new Message<Null, string> { Value = "b a c" });
        }

        await stream.StartAsync();
        Dictionary<string, long> counts = [];
        var expected = new Dictionary<string, long> { ["a"] = 3, ["b"] = 2, ["c"] = 1 };
        Topics.Read(node, words, new Count(), message =>
        {
            counts[message.Key] = message.Value;
            return expected.All(count => counts.GetValueOrDefault(count.Key) == count.Value);
        });
        stream.Dispose();
        state.Delete(recursive: true);
    }

    private sealed class Count : IDeserializer<long>
    {
        private readonly Int64SerDes _serdes = new();

        public long Deserialize(ReadOnlySpan<byte> data, bool isNull, SerializationContext context) => _serdes.Deserialize(data.ToArray(), context);
    }
}
