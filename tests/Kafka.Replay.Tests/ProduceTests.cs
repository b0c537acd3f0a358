using System.Text;
using System.Text.Json.Nodes;
using Loire.Grains.Interfaces.Topics;
using Loire.Kafka.Replay.Players;
using Loire.Kafka.Replay.Recordings;
using Loire.Model;
using Loire.Model.Batches;

namespace Loire.Kafka.Replay.Tests;

/// <summary>What no recording shows of Produce: what is pipelined, named twice, or sent without acknowledgement.</summary>
public sealed class ProduceTests(NodeFixture node) : IClassFixture<NodeFixture>, IAsyncLifetime
{
    private const int First = 0;
    private readonly string _topic = $"produce-{Guid.NewGuid():N}";
    private readonly WirePlayer _player = new(node.Kafka);

    public async Task InitializeAsync()
    {
        Assert.Equal(ErrorCode.None, (await node.Grains.GetGrain<ITopicGrain>(_topic).Create(new CreateTopicRequest(2, 1, [], false))).Error);

        // Requests leave in the order in which they are made once the connection is open.
        await _player.AskAsync("", "ApiVersions", 0, []);
    }

    public Task DisposeAsync()
    {
        _player.Dispose();
        return Task.CompletedTask;
    }

    [Theory]
    [InlineData(0)]
    [InlineData(1)]
    [InlineData(2)]
    public async Task A_version_of_the_old_format_is_told_so(int version) => Assert.Equal((43, -1), await SendAsync(version, Batch("a")));

    [Fact]
    public async Task Pipelined_batches_of_a_partition_keep_their_order()
    {
        var sent = Enumerable.Range(0, 200).Select(number => SendAsync(9, Batch($"{number}", number % 3 == 0 ? CompressionType.Gzip : CompressionType.None))).ToArray();
        Assert.Equal(Enumerable.Range(0, 200).Select(number => (0, (long)number)), await Task.WhenAll(sent));
    }

    [Fact]
    public async Task One_bad_batch_among_pipelined_ones_is_refused_alone()
    {
        var corrupt = Batch("b").ToArray();
        corrupt[^1]++;
        var producer = 4_000_000_000L;
        Task<(int Error, long Offset)>[] sent =
        [
            SendAsync(9, Batch("a")), SendAsync(9, corrupt), SendAsync(9, Batch("c", producer: producer)), SendAsync(9, Batch("d", producer: producer, sequence: 5)),
            SendAsync(9, Batch("e")),
        ];
        Assert.Equal([(0, 0), (2, -1), (0, 1), (45, -1), (0, 2)], await Task.WhenAll(sent));
    }

    [Fact]
    public async Task Pipelined_retries_get_the_offsets_of_the_originals_also_if_others_wrote_in_between()
    {
        var (first, second, third) = (Batch("a", producer: 5_000), Batch("b", producer: 5_000, sequence: 1), Batch("c", producer: 5_000, sequence: 2));
        Assert.Equal((0, 0), await SendAsync(9, first));
        Assert.Equal((0, 1), await SendAsync(9, Batch("another's")));
        Assert.Equal((0, 2), await SendAsync(9, second));
        Assert.Equal([(0, 0), (0, 2), (0, 3)], await Task.WhenAll(SendAsync(9, first), SendAsync(9, second), SendAsync(9, third)));
    }

    [Fact]
    public async Task A_partition_that_is_named_twice_gets_its_last_batch_and_one_answer()
    {
        var answer = await _player.AskAsync("", "Produce", 9, ScenarioPlayer.Produce(_topic, (0, Batch("a")), (1, Batch("b")), (0, Batch("c", records: 3))));
        var partitions = answer.Items("responses").Single().Items("partitionResponses").Select(one => (one.Int("index"), one.Int("errorCode")));
        Assert.Equal([(0, 0), (1, 0)], partitions);
        Assert.Equal((0, 3), await SendAsync(9, Batch("d")));
    }

    [Fact]
    public async Task Without_acknowledgement_the_next_request_is_answered_next()
    {
        var sent = Enumerable.Range(0, 20).Select(number => _player.SendAsync("", "Produce", 9, Unacknowledged(_topic, Batch($"{number}")), [])).ToArray();
        Assert.Equal(0, (await SendAsync(9, Batch("with an answer"))).Error);
        Assert.Equal((0, 21), await SendAsync(9, Batch("after all of them")));
        Assert.All(await Task.WhenAll(sent), one => Assert.False(one.HasArrived));
    }

    [Fact]
    public async Task Without_acknowledgement_a_refusal_closes_the_connection()
    {
        var sent = await _player.SendAsync("", "Produce", 9, Unacknowledged("there-is-no-such-topic", Batch("a")), []);
        Assert.Equal(PendingAnswer.Closed, (await sent.WaitAsync(WirePlayer.Patience)).ToString());
    }

    [Fact]
    public async Task A_topic_that_is_made_while_a_client_tries_gets_its_batches()
    {
        var topic = $"late-{Guid.NewGuid():N}";
        Assert.Equal((3, -1), await SendAsync(9, Batch("a"), topic));
        await node.Grains.GetGrain<ITopicGrain>(topic).Create(new CreateTopicRequest(1, 1, [], false));
        Assert.Equal((0, 0), await SendAsync(9, Batch("a"), topic));
        await node.Grains.GetGrain<ITopicGrain>(topic).Delete();
        Assert.Equal((3, -1), await SendAsync(9, Batch("a"), topic));
    }

    private async Task<(int Error, long Offset)> SendAsync(int version, ReadOnlyMemory<byte> batch, string? topic = null)
    {
        var answer = await _player.AskAsync("", "Produce", version, ScenarioPlayer.Produce(topic ?? _topic, (First, batch)));
        var partition = answer.Items("responses").Single().Items("partitionResponses").Single();
        return (partition.Int("errorCode"), partition.Long("baseOffset"));
    }

    private static JsonObject Unacknowledged(string topic, ReadOnlyMemory<byte> batch)
    {
        var request = ScenarioPlayer.Produce(topic, (First, batch));
        request["acks"] = 0;
        return request;
    }

    private static ReadOnlyMemory<byte> Batch(
        string value, CompressionType compression = CompressionType.None, long producer = -1, int sequence = 0, int records = 1)
    {
        using var builder = new RecordBatchBuilder();
        if (producer >= 0)
        {
            (builder.ProducerId, builder.ProducerEpoch, builder.BaseSequence) = (producer, 0, sequence);
        }

        for (var i = 0; i < records; i++)
        {
            builder.Append(Timestamp.None, [], true, Encoding.UTF8.GetBytes(value), false, []);
        }

        return builder.Build(compression).ToArray();
    }
}
