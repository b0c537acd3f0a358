using Loire.Client.Tests.Nodes;
using Loire.Model;
using Loire.TestKit.Fakes;

namespace Loire.Client.Tests.Administration;

public sealed class AdminClientTests(ClientNode node) : IClassFixture<ClientNode>
{
    [Fact]
    public async Task A_topic_is_created_described_changed_and_deleted()
    {
        var admin = node.Client.Admin;
        var wanted = new NewTopic("life", 3) { Configs = new Dictionary<string, string> { ["max.message.bytes"] = "2000" } };
        var planned = await admin.CreateTopicAsync(wanted, validateOnly: true);
        Assert.Equal(3, planned.PartitionsCount);
        await Fails(ErrorCode.UnknownTopicOrPartition, () => admin.DescribeTopicAsync("life"));

        var created = await admin.CreateTopicAsync(wanted);
        Assert.Equal(("life", 3, (short)1), (created.Name, created.PartitionsCount, created.ReplicationFactor));
        Assert.NotEqual(Guid.Empty, created.Id);
        Assert.Equal(new TopicSetting("2000", false), created.Configs["max.message.bytes"]);
        Assert.Contains(created.Configs.Values, setting => setting.IsDefault);
        Assert.Equal(created.Id, (await admin.DescribeTopicAsync("life")).Id);
        await Fails(ErrorCode.TopicAlreadyExists, () => admin.CreateTopicAsync(wanted));

        Assert.Equal(5, (await admin.CreatePartitionsAsync("life", 5)).PartitionsCount);
        await Fails(ErrorCode.InvalidPartitions, () => admin.CreatePartitionsAsync("life", 4));
        var changed = await admin.AlterConfigsAsync("life", new Dictionary<string, string?> { ["max.message.bytes"] = null });
        Assert.True(changed.Configs["max.message.bytes"].IsDefault);
        await Fails(
            ErrorCode.InvalidConfig, () => admin.AlterConfigsAsync("life", new Dictionary<string, string?> { ["max.message.bytes"] = "many" }));

        await admin.DeleteTopicAsync("life");
        await Fails(ErrorCode.UnknownTopicOrPartition, () => admin.DescribeTopicAsync("life"));
        await Fails(ErrorCode.UnknownTopicOrPartition, async () =>
        {
            await admin.DeleteTopicAsync("life");
            return created;
        });
    }

    [Fact]
    public async Task The_logs_of_partitions_are_described_as_they_were_reported()
    {
        var cluster = new FakeCluster();
        cluster.AddTopic("t", 2).Logs.AddRange(
        [
            new(new PartitionReport(0, 5, 9, 700, 300, new Timestamp(1_000), 0, IsOpen: true, new Timestamp(9_000)), new Timestamp(2_000), DueReason.Age),
            new(new PartitionReport(1, 0, 0, 0, 0, Timestamp.None, 0, IsOpen: false, new Timestamp(8_000)), Timestamp.None, DueReason.Unknown),
        ]);
        var admin = new LoireClient(cluster.Factory).Admin;
        Assert.Equal(
            [
                new PartitionLogInfo(new TopicPartition("t", 0), 5, 9, 700, new Timestamp(1_000), true, new Timestamp(9_000), new Timestamp(2_000), DueReason.Age),
                new PartitionLogInfo(new TopicPartition("t", 1), 0, 0, 0, null, false, new Timestamp(8_000), null, DueReason.Unknown),
            ],
            await admin.DescribeLogsAsync("t"));
        var failure = await Assert.ThrowsAsync<LoireException>(async () => await admin.DescribeLogsAsync("none"));
        Assert.Equal(ErrorCode.UnknownTopicOrPartition, failure.Code);
    }

    [Fact]
    public async Task Offsets_are_found_by_end_by_time_and_for_many_partitions_at_once()
    {
        var topic = await node.CreateTopicAsync(2);
        await node.AppendAsync(topic, 0, ClientNode.Numbers(0, 10));
        var (zero, one) = (new TopicPartition(topic, 0), new TopicPartition(topic, 1));
        var admin = node.Client.Admin;
        Assert.Equal(
            new Dictionary<TopicPartition, Offset> { [zero] = 0, [one] = 0 },
            await admin.ListOffsetsAsync([new(zero, OffsetSpec.Earliest), new(one, OffsetSpec.Latest)]));
        Assert.Equal(
            new Dictionary<TopicPartition, Offset> { [zero] = 4, [one] = 0 },
            await admin.ListOffsetsAsync([.. new[] { zero, one }.Select(partition =>
                KeyValuePair.Create(partition, OffsetSpec.AtTime(DateTimeOffset.FromUnixTimeMilliseconds(ClientNode.Epoch + 4))))]));
        Assert.Equal(10, (await admin.ListOffsetsAsync([new(zero, OffsetSpec.Latest)]))[zero]);
        var failure = await Assert.ThrowsAsync<LoireException>(
            async () => await admin.ListOffsetsAsync([new(new TopicPartition(topic, 2), OffsetSpec.Latest)]));
        Assert.Equal(ErrorCode.UnknownTopicOrPartition, failure.Code);
    }

    [Fact]
    public async Task Records_are_deleted_before_an_offset_a_time_or_the_end()
    {
        var topic = await node.CreateTopicAsync(2);
        await node.AppendAsync(topic, 0, ClientNode.Numbers(0, 10));
        await node.AppendAsync(topic, 1, ClientNode.Numbers(0, 4));
        var (zero, one) = (new TopicPartition(topic, 0), new TopicPartition(topic, 1));
        var admin = node.Client.Admin;
        KeyValuePair<TopicPartition, OffsetSpec>[] wanted =
            [new(zero, OffsetSpec.AtTime(DateTimeOffset.FromUnixTimeMilliseconds(ClientNode.Epoch + 6))), new(one, OffsetSpec.Latest)];
        var expected = new Dictionary<TopicPartition, Offset> { [zero] = 6, [one] = 4 };
        Assert.Equal(expected, await admin.DeleteRecordsAsync(wanted, validateOnly: true));
        Assert.Equal(0, (await admin.ListOffsetsAsync([new(zero, OffsetSpec.Earliest)]))[zero]);
        Assert.Equal(expected, await admin.DeleteRecordsAsync(wanted));
        Assert.Equal(expected, await admin.ListOffsetsAsync([new(zero, OffsetSpec.Earliest), new(one, OffsetSpec.Earliest)]));
        Assert.Equal(8, (await admin.DeleteRecordsAsync([new(zero, OffsetSpec.At(8))]))[zero]);
        var failure = await Assert.ThrowsAsync<LoireException>(async () => await admin.DeleteRecordsAsync([new(zero, OffsetSpec.At(11))]));
        Assert.Equal(ErrorCode.OffsetOutOfRange, failure.Code);
    }

    [Theory]
    [InlineData("")]
    [InlineData("a/b")]
    [InlineData("..")]
    public async Task Illegal_name_is_refused_before_a_call_is_made(string name)
    {
        Assert.Equal(ErrorCode.InvalidTopicException, Assert.Throws<InvalidIdentifierException>(() => new NewTopic(name)).Code);
        await Assert.ThrowsAsync<InvalidIdentifierException>(async () => await node.Client.Admin.DescribeTopicAsync(name));
        await Fails(ErrorCode.InvalidTopicException, () => node.Client.Admin.DescribeTopicAsync(default));
    }

    [Fact]
    public async Task Names_are_listed_in_order_over_several_pages()
    {
        var cluster = new FakeCluster();
        var names = Enumerable.Range(0, 2_500).Select(number => $"t{number:D5}").ToArray();
        foreach (var name in names)
        {
            cluster.AddTopic(name);
        }

        var listed = new List<string>();
        await foreach (var name in new LoireClient(cluster.Factory).Admin.ListTopicsAsync())
        {
            listed.Add(name.Value);
        }

        Assert.Equal(names, listed);
    }

    [Fact]
    public async Task A_grain_out_of_reach_is_a_typed_error()
    {
        var cluster = new FakeCluster();
        var topic = cluster.AddTopic("t");
        var admin = new LoireClient(cluster.Factory).Admin;
        topic.Exception = new TimeoutException();
        await Fails(ErrorCode.RequestTimedOut, () => admin.DescribeTopicAsync("t"));
        topic.Exception = new OrleansException("no silo");
        await Fails(ErrorCode.LeaderNotAvailable, () => admin.CreatePartitionsAsync("t", 2));
        topic.Exception = new OperationCanceledException("of a call that nobody cancelled, as after a gateway was lost");
        await Fails(ErrorCode.LeaderNotAvailable, () => admin.DescribeTopicAsync("t"));
        topic.Exception = null;
        cluster.Partition("t", 0).Exception = new OrleansException("no silo");
        var failure = await Assert.ThrowsAsync<LoireException>(
            async () => await admin.ListOffsetsAsync([new(new TopicPartition("t", 0), OffsetSpec.Latest)]));
        Assert.Equal(ErrorCode.LeaderNotAvailable, failure.Code);
    }

    [Fact]
    public async Task A_call_that_was_cancelled_before_it_began_does_nothing()
    {
        var cancelled = new CancellationToken(canceled: true);
        var admin = node.Client.Admin;
        await Assert.ThrowsAnyAsync<OperationCanceledException>(async () => await admin.CreateTopicAsync(new NewTopic("never"), false, cancelled));
        await Fails(ErrorCode.UnknownTopicOrPartition, () => admin.DescribeTopicAsync("never"));
        await Assert.ThrowsAnyAsync<OperationCanceledException>(async () => await admin.DeleteTopicAsync("never", cancelled));
        await Assert.ThrowsAnyAsync<OperationCanceledException>(async () =>
        {
            await foreach (var _ in admin.ListTopicsAsync(cancelled))
            {
            }
        });
    }

    private static async Task Fails(ErrorCode code, Func<ValueTask<TopicInfo>> call) =>
        Assert.Equal(code, (await Assert.ThrowsAsync<LoireException>(async () => await call())).Code);
}
