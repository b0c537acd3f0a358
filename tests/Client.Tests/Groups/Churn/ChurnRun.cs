using System.Diagnostics;
using Loire.Model;
using Orleans.TestingHost;

namespace Loire.Client.Tests.Groups.Churn;

/// <summary>Has things happen to groups, to their topics and to silos, round after round, and in the end lets them come to rest.</summary>
internal sealed class ChurnRun : IAsyncDisposable
{
    private const int PartitionsMost = 10;

    // A call to a silo that was killed may end only by its timeout.
    private static readonly TimeSpan Patience = TimeSpan.FromMinutes(3);

    private readonly TestCluster _cluster;
    private readonly Random _random;
    private readonly LoireClient _client;
    private readonly SortedDictionary<string, int> _topics = new(StringComparer.Ordinal);
    private readonly IReadOnlyList<ChurnGroup> _groups;
    private readonly ChurnProducers _producers;

    public ChurnRun(TestCluster cluster, int seed)
    {
        (_cluster, _random) = (cluster, new Random(seed));
        _client = new LoireClient(cluster.GrainFactory);
        _producers = new ChurnProducers(_client, History, new Random(_random.Next()));
        _groups =
        [
            .. ChurnProfile.All.Select(profile =>
                new ChurnGroup(profile, cluster.GrainFactory, History, new Random(_random.Next()), _topics.Keys)),
        ];
    }

    public History History { get; } = new(ChurnProfile.All.ToDictionary(profile => profile.Group, profile => profile.Guarantee));

    public int Rounds { get; private set; }

    private bool IsOver => History.Problems.Count > 0;

    public async Task BeginAsync()
    {
        foreach (var (topic, partitions) in new[] { ("churn-a", 6), ("churn-b", 3), ("churn-c", 1) })
        {
            await _client.Admin.CreateTopicAsync(new NewTopic(topic, partitions));
            _topics.Add(topic, partitions);
            _producers.Start(topic, partitions);
        }

        foreach (var group in _groups)
        {
            group.Join();
            group.Join();
        }
    }

    /// <summary>Something happens to each group, and now and then to a topic or a silo; then every group goes on.</summary>
    public async Task RoundAsync()
    {
        var before = _groups.Select(group => History.DeliveredTo(group.Profile.Group)).ToArray();
        foreach (var group in _groups)
        {
            await group.ActAsync().WaitAsync(Patience);
        }

        switch (Rounds++ % 4)
        {
            case 1:
                await KillSiloAsync();
                break;
            case 3:
                await AddPartitionsAsync();
                break;
        }

        await Until(() => _groups.Index().All(one => History.DeliveredTo(one.Item.Profile.Group) >= before[one.Index] + 20));
    }

    /// <summary>Nothing happens any more; everyone reads everything to its end.</summary>
    public async Task EndAsync()
    {
        var ends = await _producers.StopAsync();
        await Task.WhenAll(_groups.Select(group => group.CalmAsync())).WaitAsync(Patience);
        foreach (var (group, guarantee, _, _, _, _, _) in ChurnProfile.All)
        {
            var isAtLeastOnce = guarantee == ConsumeGuarantee.AtLeastOnce;
            await (isAtLeastOnce ? Until(() => History.FirstMissing(group) is null) : UntilCommitted(group, ends));
        }

        await Task.WhenAll(_groups.Select(group => group.EndAsync())).WaitAsync(Patience);
        History.End();
    }

    public async ValueTask DisposeAsync()
    {
        foreach (var group in _groups)
        {
            group.Kill();
        }

        await _producers.DisposeAsync();
    }

    private async Task KillSiloAsync()
    {
        History.Count("silos killed");
        var secondary = _cluster.SecondarySilos;
        await _cluster.KillSiloAsync(secondary[_random.Next(secondary.Count)]);
        await _cluster.StartAdditionalSiloAsync(startAdditionalSiloOnNewPort: true);
    }

    private async Task AddPartitionsAsync()
    {
        var (topic, partitions) = _topics.ElementAt(_random.Next(_topics.Count));
        if (partitions < PartitionsMost)
        {
            History.Count("partitions added");
            try
            {
                await _client.Admin.CreatePartitionsAsync(topic, partitions + 1);
            }
            catch (LoireException)
            {
                // It may have happened nevertheless, which the next question shows.
            }

            _topics[topic] = (await _client.Admin.DescribeTopicAsync(topic)).PartitionsCount;
            _producers.KnowPartitions(topic, _topics[topic]);
        }
    }

    private async Task UntilCommitted(string group, IReadOnlyDictionary<TopicPartition, Offset> ends)
    {
        await using var outside = _client.CreateConsumer(new ConsumerOptions<Ignore, string> { GroupId = group });
        var isCommitted = false;
        while (!isCommitted && !IsOver)
        {
            await Task.Delay(20);
            var committed = (await outside.CommittedAsync(ends.Keys)).ToDictionary(one => one.TopicPartition, one => one.Offset);
            isCommitted = ends.All(end => committed.GetValueOrDefault(end.Key) >= end.Value);
        }
    }

    private async Task Until(Func<bool> condition)
    {
        var begun = Stopwatch.GetTimestamp();
        while (!condition() && !IsOver)
        {
            Assert.True(Stopwatch.GetElapsedTime(begun) < Patience, $"A group has stopped: {string.Join(", ", _groups.Select(Where))}.");
            await Task.Delay(20);
        }
    }

    private string Where(ChurnGroup group)
    {
        var name = group.Profile.Group;
        return $"{name} has {group.MembersCount} members, {History.DeliveredTo(name)} records, and lacks {History.FirstMissing(name)}";
    }
}
