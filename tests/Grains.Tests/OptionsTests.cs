using Loire.Grains.Hosting;
using Loire.Log.Journals;
using Loire.Log.Partitions;
using Microsoft.Extensions.DependencyInjection;
using Microsoft.Extensions.Hosting;
using Microsoft.Extensions.Options;

namespace Loire.Grains.Tests;

public class OptionsTests
{
    public static TheoryData<string, Action<LoireGrainsOptions>> Bad => new()
    {
        { "CacheBytes", options => options.CacheBytes = -1 },
        { "AppendBytes", options => options.AppendBytes = 0 },
        { "ReadBytes", options => options.ReadBytes = 0 },
        { "OpenPartitions", options => options.OpenPartitions = 0 },
        { "PartitionLog: ChunkBytes", options => options.PartitionLog = new PartitionLogOptions { ChunkBytes = 0 } },
        { "Journal: PendingBytes", options => options.Journal = new JournalOptions { PendingBytes = 1 } },
        { "RoomWait", options => options.RoomWait = TimeSpan.FromSeconds(26) },
        { "DefaultPartitions", options => options.DefaultPartitions = 0 },
        { "TopicParallelism", options => options.TopicParallelism = 0 },
        { "SettleInterval", options => options.SettleInterval = TimeSpan.Zero },
        { "ProducerExpiration", options => options.ProducerExpiration = TimeSpan.Zero },
        { "Groups: OffsetsRetention", options => options.Groups.OffsetsRetention = TimeSpan.Zero },
        { "Groups: ExpiryInterval", options => options.Groups.ExpiryInterval = TimeSpan.Zero },
        { "Groups: SweepInterval", options => options.Groups.SweepInterval = TimeSpan.Zero },
        { "Groups: TopicsInterval", options => options.Groups.TopicsInterval = TimeSpan.Zero },
        { "Groups: OffsetsTopicPartitions", options => options.Groups.OffsetsTopicPartitions = 0 },
        { "Groups: MirrorInterval", options => options.Groups.MirrorInterval = TimeSpan.FromTicks(-1) },
        { "Transactions: TimeoutMax", options => options.Transactions.TimeoutMax = TimeSpan.Zero },
        { "Transactions: IdExpiration", options => options.Transactions.IdExpiration = TimeSpan.Zero },
        { "Transactions: SweepInterval", options => options.Transactions.SweepInterval = TimeSpan.Zero },
        { "Transactions: ExpirySweepInterval", options => options.Transactions.ExpirySweepInterval = TimeSpan.Zero },
        { "Transactions: IdleAfter", options => options.Transactions.IdleAfter = TimeSpan.FromTicks(-1) },
        { "Transactions: CompletionWait", options => options.Transactions.CompletionWait = TimeSpan.FromSeconds(6) },
        { "Transactions: MarkersAtOnce", options => options.Transactions.MarkersAtOnce = 0 },
        { "Transactions: CompletionDelay", options => options.Transactions.CompletionDelay = TimeSpan.FromTicks(-1) },
        {
            "Groups: Members: MembersMax",
            options => options.Groups.Members = options.Groups.Members with { MembersMax = 0 }
        },
    };

    [Theory]
    [MemberData(nameof(Bad))]
    public void A_bad_value_is_named_before_the_silo_starts(string named, Action<LoireGrainsOptions> configure)
    {
        var builder = Host.CreateEmptyApplicationBuilder(null);
        builder.UseOrleans(silo => silo.UseLocalhostClustering().AddLoireGrains(configure));
        using var host = builder.Build();
        var error = Assert.Throws<OptionsValidationException>(() => host.Services.GetRequiredService<IOptions<LoireGrainsOptions>>().Value);
        Assert.StartsWith(named, Assert.Single(error.Failures), StringComparison.Ordinal);
    }

    [Fact]
    public void The_defaults_are_good()
    {
        var builder = Host.CreateEmptyApplicationBuilder(null);
        builder.UseOrleans(silo => silo.UseLocalhostClustering().AddLoireGrains());
        using var host = builder.Build();
        Assert.Equal(1, host.Services.GetRequiredService<IOptions<LoireGrainsOptions>>().Value.DefaultPartitions);
    }
}
