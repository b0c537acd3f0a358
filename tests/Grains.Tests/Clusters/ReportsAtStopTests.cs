using Loire.Grains.Interfaces.Partitions;
using Loire.Grains.Interfaces.Topics;
using Loire.Grains.Partitions;
using Loire.Grains.Turns;
using Loire.Model;
using Loire.TestKit;
using Microsoft.Extensions.DependencyInjection;
using Orleans.TestingHost;

namespace Loire.Grains.Tests.Clusters;

/// <summary>What the topics know of their partitions after a graceful stop. No sweep runs.</summary>
public sealed class ReportsAtStopTests
{
    private const int Partitions = 6;

    private readonly LossyGrainStorage _store = new();

    [Fact]
    public async Task What_was_written_just_before_a_broker_stops_alone_is_reported()
    {
        await using (var cluster = await StartAsync(1))
        {
            await WriteAsync(cluster);
            Assert.All(await LogsAsync(cluster), log => Assert.Equal(0, log.End.Value));
            await cluster.StopSiloAsync(cluster.Silos[0]);
        }

        await using var next = await StartAsync(1);
        Assert.All(await LogsAsync(next), log => Assert.Equal((0, 2, false), (log.Start.Value, log.End.Value, log.IsOpen)));
    }

    [Fact]
    public async Task The_partitions_of_a_broker_that_stops_are_reported_to_topics_at_another_one()
    {
        await using var cluster = await StartAsync(2);
        await WriteAsync(cluster);
        var leaving = cluster.Silos[1].ServiceProvider.GetRequiredService<ActiveDrivers>().OfType<PartitionDriver>()
            .Select(partition => partition.Key.Partition).ToHashSet();
        Assert.NotEmpty(leaving);
        await cluster.StopSiloAsync(cluster.Silos[1]);
        Assert.All(await LogsAsync(cluster), log => Assert.Equal((leaving.Contains(log.Partition) ? 2 : 0, false), (log.End.Value, log.IsOpen)));
    }

    [Fact]
    public async Task The_partitions_that_a_broker_has_handed_over_are_reported_when_it_stops()
    {
        await using var cluster = await StartAsync(2);
        await WriteAsync(cluster);
        var active = cluster.Silos[1].ServiceProvider.GetRequiredService<ActiveDrivers>();
        var leaving = active.OfType<PartitionDriver>().ToList();
        Assert.NotEmpty(leaving);
        await cluster.Silos[1].ServiceProvider.DrainLoireBrokerAsync();
        Assert.Empty(active.OfType<PartitionDriver>());
        await cluster.StopSiloAsync(cluster.Silos[1]);
        var logs = await LogsAsync(cluster);
        Assert.All(leaving, partition => Assert.Equal((2, false), (logs[partition.Key.Partition].End.Value, logs[partition.Key.Partition].IsOpen)));
    }

    [Fact]
    public async Task A_topic_that_does_not_answer_delays_a_stop_by_two_seconds_and_one_that_is_not_graceful_not_at_all()
    {
        var (time, called) = (new ManualTime(), 0);
        var reports = new PartitionReports(
            (_, _, _) =>
            {
                called++;
                return new(new TaskCompletionSource<ErrorCode>().Task);
            },
            time);
        var key = new PartitionKey(TopicName.Parse("t"), new TopicId(Guid.NewGuid()), 0);
        reports.Closed(key, null, PartitionReport.Empty(0, Timestamp.None) with { End = new Offset(1) });
        var stop = new ReportsAtStop(new ActiveDrivers(), reports, () => new(true), time);
        await stop.SendAsync(new CancellationToken(canceled: true));
        Assert.Equal(0, called);

        var sending = stop.SendAsync(default);
        Assert.Equal(1, called);
        time.Advance(ReportsAtStop.Patience - TimeSpan.FromMilliseconds(1));
        Assert.False(sending.IsCompleted);
        time.Advance(TimeSpan.FromMilliseconds(1));
        await sending;
    }

    [Fact]
    public async Task Nothing_is_sent_below_the_feature_level_of_reports_or_while_the_store_does_not_answer()
    {
        var (time, called) = (new ManualTime(), 0);
        var reports = new PartitionReports(
            (_, _, _) =>
            {
                called++;
                return new(ErrorCode.None);
            },
            time);
        reports.Closed(new PartitionKey(TopicName.Parse("t"), new TopicId(Guid.NewGuid()), 0), null, PartitionReport.Empty(0, Timestamp.None));
        await new ReportsAtStop(new ActiveDrivers(), reports, () => new(false), time).SendAsync(default);
        Assert.Equal(0, called);

        // On a thread of the pool, so that what the answer of the store sets off has run when it has been given.
        await Task.Run(() =>
        {
            var store = new TaskCompletionSource<bool>();
            var sending = new ReportsAtStop(new ActiveDrivers(), reports, () => new(store.Task), time).SendAsync(default);
            Assert.False(sending.IsCompleted);
            time.Advance(ReportsAtStop.Patience);
            store.SetResult(true);
            return sending;
        });
        Assert.Equal(0, called);
        await new ReportsAtStop(new ActiveDrivers(), reports, () => new(true), time).SendAsync(default);
        Assert.Equal(1, called);
    }

    private async Task<InProcessTestCluster> StartAsync(short silos)
    {
        var cluster = BrokerCluster.Build(silos, _store);
        await cluster.DeployAsync();
        return cluster;
    }

    private static async Task WriteAsync(InProcessTestCluster cluster)
    {
        var topic = (await cluster.Client.GetGrain<ITopicGrain>("t").Create(new CreateTopicRequest(Partitions, -1, [], false))).Topic!;
        for (var partition = 0; partition < Partitions; partition++)
        {
            var grain = cluster.Client.GetGrain<IPartitionGrain>(new PartitionKey(topic.Name, topic.Id, partition).ToString());
            Assert.Equal(ErrorCode.None, (await grain.Append(new AppendRequest(TestBatches.Of(1, "a", "b"), Acks.All))).Error);
        }
    }

    private static async Task<IReadOnlyList<PartitionReport>> LogsAsync(InProcessTestCluster cluster)
    {
        var logs = (await cluster.Client.GetGrain<ITopicGrain>("t").DescribeLogs()).Logs;
        Assert.Equal(Partitions, logs.Length);
        return [.. logs.Select(log => log.Report)];
    }
}
