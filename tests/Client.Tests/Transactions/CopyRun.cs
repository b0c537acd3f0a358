using System.Collections.Concurrent;
using System.Diagnostics;
using System.Globalization;
using Loire.Client.Tests.Chaos;
using Loire.Grains.Interfaces.Topics;
using Loire.Model;

namespace Loire.Client.Tests.Transactions;

/// <summary>
/// Two instances of a group that copy a topic to another against a <see cref="ChaosCluster"/>. Round after round the source grows, something happens to a silo, and
/// often an instance freezes, is replaced, and goes on later.
/// </summary>
internal sealed class CopyRun : IAsyncDisposable
{
    private const int Partitions = 4;
    private const int RecordsPerRound = 400;
    private const double LostCalls = 0.005;

    private static readonly TimeSpan Patience = TimeSpan.FromSeconds(90);

    private readonly ConcurrentDictionary<string, int> _counts = new(StringComparer.Ordinal);
    private readonly List<CopyInstance> _zombies = [];
    private readonly CopyInstance?[] _instances = new CopyInstance?[2];
    private readonly int _seed;
    private readonly Random _random;
    private readonly Action<string> _log;
    private readonly ChaosCluster _cluster;
    private LoireClient _client = null!;
    private IProducer<string?, string> _source = null!;
    private TopicDescription[] _topics = [];

    public CopyRun(int seed, Action<string> log)
    {
        (_seed, _random, _log) = (seed, new Random(seed), log);
        _cluster = new ChaosCluster(log, areBrokers: true, options =>
        {
            options.Transactions.SweepInterval = TimeSpan.FromSeconds(1);
            options.Groups.Members = options.Groups.Members with
            {
                InitialRebalanceDelay = TimeSpan.FromMilliseconds(50),
                AssignmentInterval = TimeSpan.FromMilliseconds(10),
                SessionTimeoutMin = TimeSpan.FromSeconds(1),
            };
        });
    }

    public int Rounds { get; private set; }

    public ConcurrentQueue<string> Problems { get; } = new();

    public string Summary() => string.Join(", ", _counts.OrderBy(count => count.Key).Select(count => $"{count.Value} {count.Key}"));

    public int CountOf(string what) => _counts.GetValueOrDefault(what);

    public async Task BeginAsync()
    {
        await _cluster.StartAsync();
        _client = new LoireClient(_cluster.Client);
        _topics =
        [
            (await _cluster.Client.GetGrain<ITopicGrain>("source").Create(new CreateTopicRequest(Partitions, -1, [], false))).Topic!,
            (await _cluster.Client.GetGrain<ITopicGrain>("target").Create(new CreateTopicRequest(Partitions, -1, [], false))).Topic!,
        ];
        _source = _client.CreateProducer(new ProducerOptions<string?, string>
        {
            RequestTimeout = TimeSpan.FromSeconds(2),
            RetryBackoff = TimeSpan.FromMilliseconds(20),
        });
        _cluster.LoseCalls(new Random(_seed), LostCalls);
        Start(0);
        Start(1);
    }

    public async Task RoundAsync()
    {
        var first = Rounds++ * RecordsPerRound;
        for (var number = first; number < first + RecordsPerRound; number++)
        {
            for (var partition = 0; partition < Partitions; partition++)
            {
                await _source.EnqueueAsync(
                    new TopicPartition("source", partition), new Message<string?, string> { Value = number.ToString(CultureInfo.InvariantCulture) });
            }
        }

        var before = CountOf("lists copied");
        var fault = _cluster.HappenAsync(_random);
        if (_random.Next(3) > 0)
        {
            var place = _random.Next(_instances.Length);
            var frozen = _instances[place]!;
            await frozen.FreezeAsync();
            _zombies.Add(frozen);
            Count("instances frozen");
            Start(place);
            await Task.Delay(_random.Next(3_000));
            frozen.Thaw();
        }

        await fault;
        await UntilAsync("records are copied again", () => Task.FromResult(CountOf("lists copied") >= before + 4));
    }

    /// <summary>Lets everything be copied, and compares the topics.</summary>
    public async Task EndAsync()
    {
        _cluster.LoseCalls(_random, 0);
        await _source.FlushAsync();
        await using (var outside = _client.CreateConsumer(new ConsumerOptions<Ignore, string> { GroupId = "copies", RequestTimeout = TimeSpan.FromSeconds(2) }))
        {
            var partitions = Enumerable.Range(0, Partitions).Select(partition => new TopicPartition("source", partition)).ToArray();
            await UntilAsync("everything is copied", async () =>
            {
                var committed = await outside.CommittedAsync(partitions);
                return committed.Count == Partitions && committed.All(one => one.Offset == Rounds * RecordsPerRound);
            });
        }

        await Task.WhenAll(_instances.Concat(_zombies).Select(instance => instance!.StopAsync())).WaitAsync(Patience);
        if (await SettledLog.SettleAsync(_cluster.Client, _topics[1]) is not { } time)
        {
            Problems.Enqueue("a transaction hangs: the last stable offset stays below the high watermark");
            return;
        }

        _log(string.Create(CultureInfo.InvariantCulture, $"nothing is open {time.TotalSeconds:0.0} s after the last instance ended"));
        var problems = new List<string>();
        var source = await SettledLog.ReadAsync(_cluster.Client, _topics[0], problems);
        var target = await SettledLog.ReadAsync(_cluster.Client, _topics[1], problems);
        var expected = Enumerable.Range(0, Rounds * RecordsPerRound).Select(number => number.ToString(CultureInfo.InvariantCulture)).ToArray();
        for (var partition = 0; partition < Partitions; partition++)
        {
            Compare($"partition {partition} of the source", expected, source[partition]);
            Compare($"partition {partition} of the target", source[partition], target[partition]);
        }

        problems.ForEach(Problems.Enqueue);
    }

    public async ValueTask DisposeAsync()
    {
        foreach (var instance in _instances.Concat(_zombies))
        {
            // It ends with the cluster if it does not end by itself.
            _ = instance?.StopAsync();
        }

        await _cluster.DisposeAsync();
    }

    private void Compare(string what, IReadOnlyList<string> expected, IReadOnlyList<string> found)
    {
        if (!found.SequenceEqual(expected))
        {
            var same = found.Zip(expected).TakeWhile(pair => pair.First == pair.Second).Count();
            Problems.Enqueue(
                $"{what}: {found.Count} records instead of {expected.Count}; from {same} on there are {string.Join(' ', found.Skip(same).Take(60))}");
        }
    }

    private void Start(int place)
    {
        _instances[place] = new CopyInstance(
            _cluster.Client, string.Create(CultureInfo.InvariantCulture, $"copy-{place}"), new Random(_random.Next()), Count);
        _instances[place]!.Start();
    }

    private void Count(string what) => _counts.AddOrUpdate(what, 1, static (_, count) => count + 1);

    private async Task UntilAsync(string what, Func<Task<bool>> condition)
    {
        var begun = Stopwatch.GetTimestamp();
        while (true)
        {
            try
            {
                if (await condition())
                {
                    return;
                }
            }
            catch (LoireException)
            {
                // Asked again.
            }

            if (Stopwatch.GetElapsedTime(begun) > Patience)
            {
                Problems.Enqueue($"{what}: not in time");
                return;
            }

            await Task.Delay(20);
        }
    }
}
