using System.Diagnostics;
using System.Globalization;
using System.Text;
using Loire.Edge.Calls;
using Loire.Grains.Interfaces.Partitions;
using Loire.Grains.Interfaces.Topics;
using Loire.Grains.Tests.Histories;
using Loire.Log.Audits;
using Loire.Model;
using Loire.Model.Batches;

namespace Loire.Client.Tests.Chaos;

/// <summary>
/// Producers, consumers, lookups of offsets and changes of topics against a <see cref="ChaosCluster"/>, and what must hold of their answers: L1 to L8
/// and L11 of the log by <see cref="History"/>, L10 within the staleness that is allowed, a consumer that never goes back or skips, no record in
/// a deleted topic, and nothing left in the store in the end.
/// </summary>
internal sealed class ChaosRun : IAsyncDisposable
{
    private const string Topic = "t";
    private const int Partitions = 8;
    private const int Producers = 4;
    private const int Lookups = 3;

    /// <summary>A producer goes to another silo about once in so many acknowledged batches, and after each that is not.</summary>
    private const int MovesEvery = 2_000;

    // The default of MaxStaleness. What the machine needs for a call comes after the call began, so it does not count.
    private static readonly TimeSpan Staleness = TimeSpan.FromSeconds(2);

    private static readonly TimeSpan CallTimeout = TimeSpan.FromSeconds(5);

    private readonly CancellationTokenSource _stop = new();
    private readonly List<Task> _clients = [];
    private readonly long[][] _positions = [new long[Partitions], new long[Partitions]];
    private readonly Random _random;
    private readonly int _seed;
    private readonly ChaosCluster _cluster;
    private TopicDescription _topic = null!;
    private volatile bool _isEnding;

    public ChaosRun(int seed, Action<string> log)
    {
        (_seed, _random) = (seed, new Random(seed));
        _cluster = new ChaosCluster(log);
    }

    public ChaosHistory History { get; } = new(Partitions);

    public int Rounds { get; private set; }

    public async Task BeginAsync()
    {
        await _cluster.StartAsync();
        _topic = (await _cluster.Client.GetGrain<ITopicGrain>(Topic).Create(new CreateTopicRequest(Partitions, -1, [], false))).Topic!;
        _clients.AddRange(Enumerable.Range(0, Producers).Select(number => Start(random => ProduceAsync(number, random), number)));
        _clients.AddRange(Enumerable.Range(0, Lookups).Select(number => Start(LookAsync, 100 + number)));
        _clients.AddRange(_positions.Select((positions, number) => Start(_ => ConsumeAsync(positions), 200 + number)));
        _clients.Add(Start(ChangeTopicsAsync, 300));
    }

    public async Task RoundAsync()
    {
        Rounds++;
        await _cluster.HappenAsync(_random);
        await Task.Delay(_random.Next(500));
    }

    /// <summary>Waits until the cluster is well, and compares everything with what is stored.</summary>
    public async Task EndAsync()
    {
        // Some appends of after the last fault, so that the end of every partition is known to be durable.
        var before = History.CountOf("batches acknowledged");
        await UntilAsync("appends work again", () => History.CountOf("batches acknowledged") >= before + 100);
        await StopProducingAsync();
        for (var partition = 0; partition < Partitions; partition++)
        {
            var log = await ReadAllAsync(partition);
            foreach (var problem in Grains.Tests.Histories.History.Problems([.. History.Sends.Where(send => send.Partition == partition)], log))
            {
                History.Problems.Enqueue($"partition {partition}: {problem}");
            }

            var values = Values(log);
            History.CompareWith(partition, values);
            foreach (var positions in _positions)
            {
                if (Volatile.Read(ref positions[partition]) != values.Count)
                {
                    History.Problems.Enqueue($"a consumer ended at {positions[partition]} of partition {partition}, which has {values.Count} records");
                }
            }
        }

        var deleted = ErrorCode.RequestTimedOut;
        await UntilAsync("the topic is deleted", async () =>
        {
            deleted = await TryAsync(async () => (await _cluster.Client.GetGrain<ITopicGrain>(Topic).Delete()).Error);
            return deleted is ErrorCode.None or ErrorCode.UnknownTopicOrPartition;
        });

        // What storage did not confirm is tried again after a while, and writes that came too late are swept.
        IReadOnlyList<LogFinding> leaked = [];
        await UntilAsync("no object is left", async () =>
        {
            await TryAsync(async () =>
            {
                await _cluster.Client.GetGrain<ICatalogGrain>(ICatalogGrain.Key).Sweep();
                return ErrorCode.None;
            });
            leaked = await LogAudit.FindAsync(_cluster.Storage, _cluster.Storage, TimeProvider.System);
            return leaked.Count == 0;
        }, orElse: () => string.Join("\n", leaked));
    }

    public async ValueTask DisposeAsync()
    {
        _isEnding = true;
        await _stop.CancelAsync();
        await Task.WhenAll(_clients).ConfigureAwait(ConfigureAwaitOptions.SuppressThrowing);
        await _cluster.DisposeAsync();
        _stop.Dispose();
    }

    private Task Start(Func<Random, Task> client, int number) => Task.Run(async () =>
    {
        try
        {
            await client(new Random(HashCode.Combine(_seed, number)));
        }
        catch (OperationCanceledException) when (_stop.IsCancellationRequested)
        {
        }
        catch (Exception bug)
        {
            History.Problems.Enqueue($"a client ended: {bug}");
        }
    });

    /// <summary>Consumers go on to the end of what was written, then everything stops.</summary>
    private async Task StopProducingAsync()
    {
        _isEnding = true;
        await Task.WhenAll(_clients[..Producers]);
        await UntilAsync("consumers reach the end", async () =>
        {
            for (var partition = 0; partition < Partitions; partition++)
            {
                var end = await EndOfAsync(_cluster.Client, partition);
                if (end < 0 || _positions.Any(positions => Volatile.Read(ref positions[partition]) < end))
                {
                    return false;
                }
            }

            return true;
        }, orElse: () => string.Join(" and ", _positions.Select(positions => $"[{string.Join(", ", positions)}]")));
        await _stop.CancelAsync();
        await Task.WhenAll(_clients);
    }

    private async Task ProduceAsync(int number, Random random)
    {
        using var builder = new RecordBatchBuilder();
        var (producer, sent) = (number, 0);
        var home = _cluster.AnySilo(random);
        while (!_isEnding)
        {
            var partition = number + Producers * random.Next(Partitions / Producers);
            for (var record = random.Next(1, 4); record > 0; record--)
            {
                builder.Append(
                    new Timestamp(1_767_225_600_000), [], true,
                    Encoding.UTF8.GetBytes(string.Create(CultureInfo.InvariantCulture, $"{producer}/{sent}/{record}")), false);
            }

            var bytes = builder.Build();
            var (outcome, offset) = await AppendAsync(PartitionOf(home, _topic, partition), partition, bytes);
            History.Sends.Enqueue(new Send(producer, sent++, partition, bytes, outcome, offset));
            History.Count(outcome switch
            {
                SendOutcome.Acknowledged => "batches acknowledged",
                SendOutcome.Refused => "batches refused",
                _ => "batches in doubt",
            });
            if (outcome == SendOutcome.Unknown)
            {
                // It may still come, after whatever is sent next: nobody promises an order then.
                (producer, sent) = (producer + Producers, 0);
            }

            // While it stays, no other silo learns from an append of its own what is new in these partitions.
            home = outcome == SendOutcome.Acknowledged && random.Next(MovesEvery) > 0 ? home : _cluster.AnySilo(random);
            await Task.Delay(outcome == SendOutcome.Acknowledged ? 1 : 20);
        }
    }

    private async Task<(SendOutcome Outcome, long Offset)> AppendAsync(IPartitionGrain grain, int partition, ReadOnlyMemory<byte> bytes)
    {
        try
        {
            var answer = await grain.Append(new AppendRequest(bytes, Acks.All)).AsTask().WaitAsync(CallTimeout);
            if (answer.Error == ErrorCode.None)
            {
                History.Acknowledge(partition, answer.LastOffset.Value);
                return (SendOutcome.Acknowledged, answer.BaseOffset.Value);
            }

            return (answer.Error is ErrorCode.RequestTimedOut or ErrorCode.UnknownServerError ? SendOutcome.Unknown : SendOutcome.Refused, -1);
        }
        catch (Exception failure) when (IsExpected(failure))
        {
            return (GrainCallErrors.IsUndelivered(failure) ? SendOutcome.Refused : SendOutcome.Unknown, -1);
        }
    }

    /// <summary>L10: what was acknowledged so long ago is below the high watermark that anybody answers, and can be read.</summary>
    private async Task LookAsync(Random random)
    {
        while (!_stop.IsCancellationRequested)
        {
            await Task.Delay(5, _stop.Token);
            var partition = random.Next(Partitions);
            var grain = PartitionOf(_cluster.AnySilo(random), _topic, partition);
            var least = History.AcknowledgedBefore(partition, Staleness);
            if (least < 0)
            {
                continue;
            }

            try
            {
                var bounds = await grain.Offsets().AsTask().WaitAsync(CallTimeout, _stop.Token);
                if (bounds.Error == ErrorCode.None && bounds.HighWatermark.Value <= least)
                {
                    History.Problems.Enqueue($"offset {least} of partition {partition} was acknowledged {Staleness.TotalSeconds} s before, and the high watermark is {bounds.HighWatermark}");
                }

                var fetched = await grain.Fetch(new FetchRequest(new Offset(least), 1_000, 0, TimeSpan.Zero), default).AsTask().WaitAsync(CallTimeout, _stop.Token);
                if (fetched.Error == ErrorCode.OffsetOutOfRange || (fetched.Error == ErrorCode.None && fetched.Batches.Length == 0))
                {
                    History.Problems.Enqueue($"offset {least} of partition {partition} was acknowledged {Staleness.TotalSeconds} s before, and a fetch brings {fetched.Error} up to {fetched.Bounds.HighWatermark}");
                }

                History.Count(bounds.Error == ErrorCode.None && fetched.Error == ErrorCode.None ? "lookups" : "lookups refused");
            }
            catch (Exception failure) when (IsExpected(failure))
            {
                History.Count("lookups failed");
            }
        }
    }

    /// <summary>A consumer gets every record once and in order, whatever happens: it never goes back and never skips.</summary>
    private async Task ConsumeAsync(long[] positions)
    {
        await using var consumer = new LoireClient(_cluster.Client).CreateConsumer(new ConsumerOptions<Ignore, string>
        {
            AutoOffsetReset = OffsetSpec.Earliest,
            RequestTimeout = CallTimeout,
            UnavailableTimeout = TimeSpan.FromMinutes(10),
        });
        await consumer.AssignAsync(Enumerable.Range(0, Partitions).Select(partition => new TopicPartition(Topic, partition)));
        await foreach (var record in consumer.ConsumeAsync(_stop.Token))
        {
            var (at, offset) = (positions[record.Partition], record.Offset.Value);
            if (offset != at)
            {
                History.Problems.Enqueue($"a consumer at {at} of partition {record.Partition} got the record at {offset}");
            }

            History.Read(record.Partition, offset, record.Value!);
            Volatile.Write(ref positions[record.Partition], offset + 1);
            History.Count("records consumed");
        }
    }

    /// <summary>Topics come and go; a record is not acknowledged by a topic whose deletion was acknowledged before.</summary>
    private async Task ChangeTopicsAsync(Random random)
    {
        for (var number = 0; !_stop.IsCancellationRequested; number++)
        {
            var name = $"short-{number % 3}";
            var topic = await CreateAsync(name, random);
            if (topic is null)
            {
                continue;
            }

            var grain = PartitionOf(_cluster.AnySilo(random), topic, 0);
            using var builder = new RecordBatchBuilder();
            builder.Append(new Timestamp(1_767_225_600_000), [], true, Encoding.UTF8.GetBytes(name), false);
            var bytes = builder.Build();
            await TryAsync(async () => (await grain.Append(new AppendRequest(bytes, Acks.All))).Error);
            var isDeleted = false;
            while (!isDeleted && !_stop.IsCancellationRequested)
            {
                var error = await TryAsync(async () => (await _cluster.AnySilo(random).GetGrain<ITopicGrain>(name).Delete()).Error);
                isDeleted = error is ErrorCode.None or ErrorCode.UnknownTopicOrPartition;
            }

            History.Count("topics deleted");
            await Task.Delay(Staleness, _stop.Token);
            var late = await TryAsync(async () => (await PartitionOf(_cluster.AnySilo(random), topic, 0).Append(new AppendRequest(bytes, Acks.All))).Error);
            if (late == ErrorCode.None)
            {
                History.Problems.Enqueue($"{name} acknowledged a record {Staleness.TotalSeconds} s after its deletion had been");
            }
        }
    }

    private async Task<TopicDescription?> CreateAsync(string name, Random random)
    {
        TopicDescription? created = null;
        await TryAsync(async () =>
        {
            var answer = await _cluster.AnySilo(random).GetGrain<ITopicGrain>(name).Create(new CreateTopicRequest(2, -1, [], false));
            if (answer.Error == ErrorCode.TopicAlreadyExists)
            {
                answer = await _cluster.AnySilo(random).GetGrain<ITopicGrain>(name).Describe();
            }

            created = answer.Topic;
            return answer.Error;
        });
        return created;
    }

    private async Task<ErrorCode> TryAsync(Func<Task<ErrorCode>> call)
    {
        try
        {
            return await call().WaitAsync(CallTimeout);
        }
        catch (Exception failure) when (IsExpected(failure))
        {
            await Task.Delay(20);
            return ErrorCode.RequestTimedOut;
        }
    }

    // A silo that is gone has no services any more, either.
    private static bool IsExpected(Exception failure) =>
        failure is OrleansException or TimeoutException or ObjectDisposedException or TaskCanceledException;

    private static IPartitionGrain PartitionOf(IGrainFactory grains, TopicDescription topic, int partition) =>
        grains.GetGrain<IPartitionGrain>(new PartitionKey(topic.Name, topic.Id, partition).ToString());

    private async Task<long> EndOfAsync(IGrainFactory grains, int partition)
    {
        long end = -1;
        await TryAsync(async () =>
        {
            var bounds = await PartitionOf(grains, _topic, partition).Offsets();
            end = bounds.Error == ErrorCode.None ? bounds.HighWatermark.Value : -1;
            return bounds.Error;
        });
        return end;
    }

    private async Task<byte[]> ReadAllAsync(int partition)
    {
        var log = new MemoryStream();
        var (from, end) = (Offset.Zero, -1L);
        await UntilAsync($"partition {partition} is read", async () =>
        {
            end = end < 0 ? await EndOfAsync(_cluster.Client, partition) : end;
            await TryAsync(async () =>
            {
                var answer = await PartitionOf(_cluster.Client, _topic, partition).Fetch(new FetchRequest(from, 1024 * 1024, 0, TimeSpan.Zero), default);
                foreach (var piece in answer.Error == ErrorCode.None ? answer.Batches : [])
                {
                    log.Write(piece.Span);
                }

                from = answer.Error == ErrorCode.None ? answer.NextOffset : from;
                return answer.Error;
            });
            return end >= 0 && from.Value >= end;
        });
        return log.ToArray();
    }

    private static List<string> Values(ReadOnlySpan<byte> log)
    {
        var values = new List<string>();
        while (!log.IsEmpty && RecordBatch.TryRead(log, out var batch) == ErrorCode.None)
        {
            for (var reader = new RecordReader(batch, batch.Payload); reader.MoveNext();)
            {
                values.Add(Encoding.UTF8.GetString(reader.Current.Value));
            }

            log = log[batch.SizeInBytes..];
        }

        return values;
    }

    private Task UntilAsync(string what, Func<bool> condition) => UntilAsync(what, () => Task.FromResult(condition()));

    private async Task UntilAsync(string what, Func<Task<bool>> condition, Func<string>? orElse = null)
    {
        var begun = Stopwatch.GetTimestamp();
        while (!await condition())
        {
            if (Stopwatch.GetElapsedTime(begun) > TimeSpan.FromSeconds(60))
            {
                History.Problems.Enqueue($"{what}: not within a minute. {orElse?.Invoke()}");
                return;
            }

            await Task.Delay(50);
        }
    }
}
