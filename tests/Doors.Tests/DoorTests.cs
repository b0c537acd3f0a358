using System.Diagnostics;
using System.Text;
using System.Text.Json.Nodes;
using Confluent.Kafka;
using Loire.Kafka.Clients.Tests;
using Loire.Model.Tests.Clients;
using Microsoft.Extensions.DependencyInjection;

namespace Loire.Doors.Tests;

/// <summary>Whichever way records come in, every other one tells the same of them: key, value, headers, timestamp and offset, in the same order.</summary>
public sealed class DoorTests(KafkaNode node) : IClassFixture<KafkaNode>
{
    private const string Aborted = "transaction";

    /// <summary>What a reader cannot, whoever the broker is: the package for zstd that kafkajs takes gives up on large frames that do not tell their size, as librdkafka writes them.</summary>
    private static readonly (string Writer, string Reader)[] Cannot = [("confluent-zstd", "kafkajs")];

    private static readonly string[] Named =
        ["json", "ndjson", "rest-proxy", "dotnet", "kafkajs", "kafkajs-gzip", "confluent", "confluent-gzip", "confluent-snappy", "confluent-lz4", "confluent-zstd", Aborted];

    public static TheoryData<string> Writers() => [.. Named];

    [NeedsTheory(Needed.KafkaJs)]
    [MemberData(nameof(Writers))]
    public async Task What_one_door_writes_every_other_reads(string writer)
    {
        var topic = $"door-{writer}";
        await CreateAsync(topic);
        var door = Door(writer);
        var written = Samples.All.Where(record => door.CannotWrite(record) is null).ToArray();
        await door.WriteAsync(topic, written);

        // An aborted record and the two markers that end transactions have offsets, too.
        var first = writer == Aborted ? 2 : 0;
        DoorRecord[] expected = [.. written.Select((record, index) => record with { Offset = first + index })];
        foreach (var reader in (string[])["json", "ndjson", "rest-proxy", "dotnet", "kafkajs", "confluent", "kcat"])
        {
            if ((reader == "kcat" && !Installed.Has(Needed.Kcat)) || Cannot.Contains((writer, reader)))
            {
                continue;
            }

            var way = Door(reader);
            var read = await way.ReadAsync(topic, expected.Length);
            Assert.Equal(
                string.Join('\n', expected.Select(record => way.AsRead(record).ToString())), $"{string.Join('\n', read.Select(record => record.ToString()))}");
        }
    }

    [NeedsFact(Needed.KafkaJs)]
    public async Task Compaction_takes_the_same_records_from_every_reader()
    {
        const string Topic = "compacted";
        await CreateAsync(Topic, """, {"name": "cleanup.policy", "value": "compact"}, {"name": "min.cleanable.dirty.ratio", "value": "0"}, {"name": "max.compaction.lag.ms", "value": "1"}""");

        // Each door overwrites the keys of those before it; a key of its own stays.
        string[] writers = ["json", "dotnet", "confluent-lz4", "rest-proxy", "kafkajs-gzip", Aborted];
        List<DoorRecord> written = [];
        foreach (var writer in writers)
        {
            DoorRecord[] records = [Record("shared", $"{writer} 1"), Record($"own {writer}", writer), Record("shared", $"{writer} 2")];
            await Door(writer).WriteAsync(Topic, records);
            var first = written.Count + (writer == Aborted ? 2 : 0);
            written.AddRange(records.Select((record, index) => record with { Offset = first + index }));
        }

        // What is newest is left alone, so something follows that nobody asks for; then the log is compacted, in some steps.
        var filler = Enumerable.Range(0, 200).Select(i => Record($"filler {i}", new string('f', 5_000))).ToArray();
        foreach (var some in filler.Chunk(10))
        {
            await Door("json").WriteAsync(Topic, some);
        }

        var expected = written.Where(record => written.Last(other => other.Key == record.Key) == record).ToArray();
        var patience = Stopwatch.StartNew();
        while (Lines(await Door("json").ReadAsync(Topic, expected.Length)) != Lines(expected))
        {
            Assert.True(patience.Elapsed < TimeSpan.FromMinutes(1), $"The log is not compacted: {Lines(await Door("json").ReadAsync(Topic, expected.Length))}");
        }

        foreach (var reader in (string[])["json", "ndjson", "rest-proxy", "dotnet", "kafkajs", "confluent"])
        {
            var read = await Door(reader).ReadAsync(Topic, expected.Length);
            Assert.Equal(Lines(expected), Lines(read));
        }

        string Lines(IEnumerable<DoorRecord> records) => string.Join('\n', records.Take(expected.Length));

        static DoorRecord Record(string key, string value) => new(
            0, Convert.ToBase64String(Encoding.UTF8.GetBytes(key)), Convert.ToBase64String(Encoding.UTF8.GetBytes(value)), 1_764_547_200_000, []);
    }

    [Fact]
    public async Task Offsets_that_are_committed_through_one_door_are_read_through_the_others()
    {
        await CreateAsync("committed");
        var client = new Client.LoireClient(node.Services.GetRequiredService<IGrainFactory>());
        using var confluent = new ConsumerBuilder<byte[], byte[]>(new ConsumerConfig { BootstrapServers = node.Bootstrap, GroupId = "desk", EnableAutoCommit = false }).Build();
        var partition = new TopicPartition("committed", 0);
        confluent.Assign(partition);
        confluent.Commit([new TopicPartitionOffset(partition, 5)]);
        Assert.Equal((5, 5, 5), await SeenAsync());

        await HttpDoor.SendAsync(
            node.Http, HttpMethod.Put, "v1/groups/desk/offsets", "application/json",
            """{"offsets": [{"topic_name": "committed", "partition": 0, "offset": 7}]}"""u8.ToArray());
        Assert.Equal((7, 7, 7), await SeenAsync());

        await using (var consumer = client.CreateConsumer<byte[], byte[]>(new() { GroupId = "desk" }))
        {
            await consumer.AssignAsync([new Model.TopicPartition("committed", 0)]);
            await consumer.CommitAsync([new Client.TopicPartitionOffset("committed", 0, 9)]);
            Assert.Equal((9, 9, 9), await SeenAsync());
        }

        async Task<(long Confluent, long Http, long DotNet)> SeenAsync()
        {
            var http = JsonNode.Parse(await HttpDoor.GetAsync(node.Http, "v1/groups/desk/offsets", "application/json"))!.AsArray();
            await using var reader = client.CreateConsumer<byte[], byte[]>(new() { GroupId = "desk" });
            var dotnet = await reader.CommittedAsync([new Model.TopicPartition("committed", 0)]);
            return (confluent.Committed([partition], TimeSpan.FromSeconds(30))[0].Offset.Value, (long)http.Single()!["offset"]!, dotnet.Single().Offset.Value);
        }
    }

    [Fact]
    public void What_a_door_cannot_write_is_little_and_has_a_reason()
    {
        foreach (var writer in Named)
        {
            Assert.InRange(Samples.All.Count(record => Door(writer).CannotWrite(record) is not null), 0, 2);
        }
    }

    private Task CreateAsync(string topic, string configs = "") => HttpDoor.SendAsync(
        node.Http, HttpMethod.Post, "v1/topics", "application/json",
        Encoding.UTF8.GetBytes($$"""{"topic_name": "{{topic}}", "partitions_count": 1, "configs": [{"name": "retention.ms", "value": "-1"}{{configs}}]}"""));

    private IDoor Door(string name) => name switch
    {
        "json" => new JsonDoor(node.Http, isLines: false),
        "ndjson" => new JsonDoor(node.Http, isLines: true),
        "rest-proxy" => new RestProxyDoor(node.Http),
        "dotnet" => new DotNetDoor(new Client.LoireClient(node.Services.GetRequiredService<IGrainFactory>())),
        "kafkajs" => new KafkaJsDoor(node.Bootstrap, "none"),
        "kafkajs-gzip" => new KafkaJsDoor(node.Bootstrap, "gzip"),
        "kcat" => new KcatDoor(node.Bootstrap),
        Aborted => new ConfluentDoor(node.Bootstrap, CompressionType.None, isTransactional: true),
        _ => new ConfluentDoor(node.Bootstrap, Enum.Parse<CompressionType>(name.Split('-').ElementAtOrDefault(1) ?? "none", ignoreCase: true)),
    };
}
