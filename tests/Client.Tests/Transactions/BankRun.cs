using System.Collections.Concurrent;
using System.Diagnostics;
using System.Globalization;
using Loire.Client.Tests.Chaos;
using Loire.Grains.Interfaces.Topics;

namespace Loire.Client.Tests.Transactions;

/// <summary>
/// Transactional producers that transfer money between the partitions of a topic, and readers of what is committed, against a <see cref="ChaosCluster"/>. Of
/// each transactional id one producer follows the other: after an end in order, a failure, one that was abandoned with a transaction open, or one that stands
/// still with a transaction open, and goes on once the next one is at work.
/// </summary>
internal sealed class BankRun : IAsyncDisposable
{
    private const int Partitions = 6;
    private const int Ids = 4;
    private const double LostCalls = 0.01;

    /// <summary>How long a transaction may stay open; shorter than some of the faults.</summary>
    private static readonly TimeSpan TransactionTimeout = TimeSpan.FromSeconds(3);

    private readonly CancellationTokenSource _stop = new();
    private readonly List<Task> _producers = [];
    private readonly ConcurrentQueue<Task> _zombies = new();
    private readonly List<List<string>[]> _read = [];
    private readonly List<Task> _readers = [];
    private readonly int _seed;
    private readonly Random _random;
    private readonly Action<string> _log;
    private readonly ChaosCluster _cluster;
    private LoireClient _client = null!;
    private TopicDescription _topic = null!;
    private volatile bool _isEnding;

    public BankRun(int seed, Action<string> log)
    {
        (_seed, _random, _log) = (seed, new Random(seed), log);
        _cluster = new ChaosCluster(log, areBrokers: true, options => options.Transactions.SweepInterval = TimeSpan.FromSeconds(1));
    }

    public Transfers Transfers { get; } = new();

    public int Rounds { get; private set; }

    public async Task BeginAsync()
    {
        await _cluster.StartAsync();
        _client = new LoireClient(_cluster.Client);
        _topic = (await _cluster.Client.GetGrain<ITopicGrain>("bank").Create(new CreateTopicRequest(Partitions, -1, [], false))).Topic!;
        _cluster.LoseCalls(new Random(_seed), LostCalls);
        for (var id = 0; id < Ids; id++)
        {
            var (name, random) = (NameOf(id), new Random(HashCode.Combine(_seed, id)));
            _producers.Add(Guard(() => ProduceAsync(name, random)));
        }

        for (var reader = 0; reader < 2; reader++)
        {
            List<string>[] read = [.. Enumerable.Range(0, Partitions).Select(_ => new List<string>())];
            _read.Add(read);
            _readers.Add(Guard(() => ReadAsync(read)));
        }
    }

    public async Task RoundAsync()
    {
        Rounds++;
        var before = Transfers.CountOf("transfers committed");
        await _cluster.HappenAsync(_random);
        await UntilAsync("transfers are committed again", () => Transfers.CountOf("transfers committed") >= before + 60);
    }

    /// <summary>Lets everything come to rest, and compares what was told with what is there.</summary>
    public async Task EndAsync()
    {
        _isEnding = true;
        _cluster.LoseCalls(_random, 0);
        await Task.WhenAll(_producers);
        await Task.WhenAll(_zombies);
        _log(string.Create(CultureInfo.InvariantCulture, $"{DateTime.UtcNow:HH:mm:ss.fff} all producers have ended"));
        if (await SettledLog.SettleAsync(_cluster.Client, _topic) is not { } time)
        {
            Transfers.Problems.Enqueue("a transaction hangs: the last stable offset stays below the high watermark");
            return;
        }

        _log(string.Create(CultureInfo.InvariantCulture, $"{DateTime.UtcNow:HH:mm:ss.fff} nothing is open {time.TotalSeconds:0.0} s after the last producer ended"));
        var problems = new List<string>();
        var logs = await SettledLog.ReadAsync(_cluster.Client, _topic, problems);
        await UntilAsync("readers reach the end", () => _read.All(read => Enumerable.Range(0, Partitions).All(partition => Count(read, partition) >= logs[partition].Count)));
        await _stop.CancelAsync();
        await Task.WhenAll(_readers);
        Transfers.Check(logs);
        problems.AddRange(
            from reader in Enumerable.Range(0, _read.Count)
            from partition in Enumerable.Range(0, Partitions)
            where !_read[reader][partition].SequenceEqual(logs[partition])
            select $"reader {reader} got {string.Join(", ", _read[reader][partition].Except(logs[partition]).Take(3))} of partition {partition}, or another order");
        problems.ForEach(Transfers.Problems.Enqueue);
    }

    public async ValueTask DisposeAsync()
    {
        _isEnding = true;
        await _stop.CancelAsync();
        await _cluster.DisposeAsync();
        _stop.Dispose();
    }

    private static string NameOf(int id) => $"bank-{id}";

    private static int Count(List<string>[] read, int partition)
    {
        lock (read)
        {
            return read[partition].Count;
        }
    }

    private Task Guard(Func<Task> work) => Task.Run(async () =>
    {
        try
        {
            await work();
        }
        catch (OperationCanceledException) when (_stop.IsCancellationRequested)
        {
        }
        catch (Exception bug)
        {
            Transfers.Problems.Enqueue($"a client ended: {bug}");
        }
    });

    private async Task ReadAsync(List<string>[] read)
    {
        await using var consumer = _client.CreateConsumer(new ConsumerOptions<Ignore, string>
        {
            FetchMaxWait = TimeSpan.FromMilliseconds(100),
            RetryBackoff = TimeSpan.FromMilliseconds(20),
            RequestTimeout = TimeSpan.FromSeconds(2),
            MaxPollRecords = 20,
        });
        await consumer.AssignAsync(Enumerable.Range(0, Partitions).Select(partition => new TopicPartitionOffset("bank", partition, 0)), _stop.Token);
        while (!_stop.IsCancellationRequested)
        {
            try
            {
                await foreach (var records in consumer.ConsumeBatchesAsync(_stop.Token))
                {
                    lock (read)
                    {
                        read[records[0].Partition].AddRange(records.Select(record => record.Value!));
                    }
                }
            }
            catch (LoireException passing)
            {
                Transfers.Count($"reads ended by {passing.Code}");
            }
        }
    }

    /// <summary>One producer after the other with a transactional id.</summary>
    private async Task ProduceAsync(string id, Random random)
    {
        BankProducer? still = null;
        for (var life = 0; !_isEnding; life++)
        {
            // Some give up while a fault lasts, and others wait for its end.
            var patience = TimeSpan.FromSeconds(random.Next(3) == 0 ? 1 : 10);
            var producer = _client.CreateProducer(new ProducerOptions<string?, string>
            {
                TransactionalId = id,
                TransactionTimeout = TransactionTimeout,
                RequestTimeout = TimeSpan.FromSeconds(1),
                DeliveryTimeout = TimeSpan.FromSeconds(4),
                MaxBlock = patience,
                RetryBackoff = TimeSpan.FromMilliseconds(10),
                RetryBackoffMax = TimeSpan.FromMilliseconds(200),
            });
            var one = new BankProducer(producer, $"{id}.{life}", _topic, Transfers, new Random(random.Next()));
            if (still is { } zombie)
            {
                _zombies.Enqueue(Guard(() => zombie.GoOnAsync(one.HasBegun)));
            }

            var end = await one.RunAsync(() => _isEnding);
            Transfers.Count($"producers {end}");
            still = end == ProducerEnd.StandingStill ? one : null;
            if (end is ProducerEnd.Failed or ProducerEnd.Done)
            {
                await producer.DisposeAsync();
            }
        }
    }

    private async Task UntilAsync(string what, Func<bool> condition)
    {
        var begun = Stopwatch.GetTimestamp();
        while (!condition())
        {
            if (Stopwatch.GetElapsedTime(begun) > TimeSpan.FromMinutes(1))
            {
                Transfers.Problems.Enqueue($"{what}: not within a minute");
                _log(Transfers.Summary());
                await StandstillReport.WriteAsync(_cluster.Client, _topic, Enumerable.Range(0, Ids).Select(NameOf), _log);
                return;
            }

            if (!Transfers.Problems.IsEmpty)
            {
                return;
            }

            await Task.Delay(10);
        }
    }
}
