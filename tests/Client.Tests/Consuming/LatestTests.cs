using System.Text;
using Loire.Client.Tests.Nodes;
using Loire.TestKit.Fakes;

namespace Loire.Client.Tests.Consuming;

/// <summary>The last record of a key, on a node.</summary>
public sealed class LatestTests(ClientNode node) : IClassFixture<ClientNode>
{
    [Fact]
    public async Task Last_record_of_a_key_is_found_as_soon_as_it_is_acknowledged_and_a_deleted_key_is_not()
    {
        await CreateAsync("prices", "compact");
        await using var producer = node.Client.CreateProducer<string, long>();
        await using var consumer = node.Client.CreateConsumer<string, long>();
        for (var i = 0; i < 30; i++)
        {
            var delivered = await producer.ProduceAsync("prices", new Message<string, long> { Key = $"k{i % 7}", Value = i });
            var found = await consumer.FindLatestAsync("prices", $"k{i % 7}");
            Assert.Equal((i, delivered.Offset, $"k{i % 7}"), (found!.Value, found.Offset, found.Key));
        }

        Assert.Empty(consumer.Assignment);
        Assert.Null(await consumer.FindLatestAsync("prices", "none"));
        await using var eraser = node.Client.CreateProducer<string, byte[]?>();
        await eraser.ProduceAsync("prices", new Message<string, byte[]?> { Key = "k3", Value = null });
        Assert.Null(await consumer.FindLatestAsync("prices", "k3"));
        var raw = await node.Client.Admin.FindLatestAsync("prices", Encoding.UTF8.GetBytes("k4"));
        Assert.Equal((25L, "k4"), (System.Buffers.Binary.BinaryPrimitives.ReadInt64BigEndian(raw!.Value), Encoding.UTF8.GetString(raw.Key!)));
        Assert.Null(await node.Client.Admin.FindLatestAsync("prices", Encoding.UTF8.GetBytes("k3")));
    }

    [Fact]
    public async Task Key_of_a_producer_that_chooses_the_partition_otherwise_is_found_there()
    {
        await CreateAsync("elsewhere", "compact");
        await using var producer = node.Client.CreateProducer<string, string>(new() { Partitioner = Partitioners.ConsistentRandom() });
        var delivered = await producer.ProduceAsync("elsewhere", new Message<string, string> { Key = "c", Value = "v" });
        await using var consumer = node.Client.CreateConsumer<string, string>();
        Assert.Equal("v", (await consumer.FindLatestAsync("elsewhere", "c", partition: delivered.Partition))!.Value);
        Assert.Equal(ErrorCode.UnknownTopicOrPartition, (await FailureAsync(() => consumer.FindLatestAsync("elsewhere", "c", partition: 9))).Code);
    }

    [Fact]
    public async Task Refusals_say_what_is_wrong()
    {
        await CreateAsync("plain", "delete");
        await using var consumer = node.Client.CreateConsumer<string, string>();
        var refused = await FailureAsync(() => consumer.FindLatestAsync("plain", "k"));
        Assert.Equal(ErrorCode.PolicyViolation, refused.Code);
        Assert.Contains("cleanup.policy", refused.Message, StringComparison.Ordinal);
        Assert.Equal(ErrorCode.UnknownTopicOrPartition, (await FailureAsync(() => consumer.FindLatestAsync("none", "k"))).Code);
        Assert.Equal(ErrorCode.UnknownTopicOrPartition, (await FailureAsync(() => node.Client.Admin.FindLatestAsync("none", default))).Code);
        await Assert.ThrowsAsync<ArgumentNullException>(async () => await consumer.FindLatestAsync("plain", null!));
        await using var unknown = node.Client.CreateConsumer<Uri, string>(new() { KeyDeserializer = new JsonSerde<Uri>() });
        await Assert.ThrowsAsync<NotSupportedException>(async () => await unknown.FindLatestAsync("plain", new Uri("http://a")));
    }

    [Fact]
    public async Task Partition_that_is_lost_is_an_error_and_not_the_absence_of_the_key()
    {
        var cluster = new FakeCluster();
        cluster.AddTopic("t", 1);
        cluster.Partition("t", 0).Exception = new Orleans.Runtime.SiloUnavailableException("gone");
        Assert.True((await FailureAsync(() => new LoireClient(cluster.Factory).Admin.FindLatestAsync("t", default))).IsRetriable);
    }

    private async Task CreateAsync(string topic, string policy) => await node.Client.Admin.CreateTopicAsync(
        new NewTopic(topic, 3) { Configs = new Dictionary<string, string> { ["cleanup.policy"] = policy } });

    private static async Task<LoireException> FailureAsync<T>(Func<ValueTask<T>> call) => await Assert.ThrowsAsync<LoireException>(async () => await call());
}
