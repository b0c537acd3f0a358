using Loire.Client.Tests.Groups.Churn;
using Loire.Edge.Scheduling;
using Loire.Model;
using Microsoft.Extensions.Logging.Abstractions;

namespace Loire.Client.Tests.Transactions;

/// <summary>
/// A process that copies the records of one topic to the same partitions of another, exactly once. It fails now and then, and begins again. Frozen, it does nothing
/// more, its heartbeats included; thawed, it goes on as if no time had passed.
/// </summary>
internal sealed class CopyInstance
{
    private readonly Strand _strand = new(static () => { });
    private readonly CancellationTokenSource _stop = new();
    private readonly TaskCompletionSource _frozen = new(TaskCreationOptions.RunContinuationsAsynchronously);
    private readonly LoireClient _client;
    private readonly string _id;
    private readonly Random _random;
    private readonly Action<string> _count;
    private Task _run = Task.CompletedTask;
    private volatile bool _isReplaced;

    public CopyInstance(IGrainFactory grains, string id, Random random, Action<string> count)
    {
        (_id, _random, _count) = (id, random, count);
        _client = new LoireClient(grains, TimeProvider.System, NullLoggerFactory.Instance, new Random(random.Next()), new BackgroundWork(_strand));
    }

    /// <summary>The application's own failure.</summary>
    private sealed class WorkFailedException : Exception;

    public void Start() => _run = _strand.Run(RunAsync);

    /// <summary>It stands still with a transaction open, if it has one soon; another instance may take over its transactional id.</summary>
    public async Task FreezeAsync()
    {
        _isReplaced = true;
        await Task.WhenAny(_frozen.Task, Task.Delay(1_000));
        _strand.Freeze();
    }

    public void Thaw() => _strand.Thaw();

    /// <summary>Ends in order.</summary>
    public async Task StopAsync()
    {
        await _stop.CancelAsync();
        Thaw();
        await _run;
    }

    private async Task RunAsync()
    {
        while (!_stop.IsCancellationRequested)
        {
            await using var producer = _client.CreateProducer(new ProducerOptions<string?, string>
            {
                TransactionalId = _id,
                TransactionTimeout = TimeSpan.FromSeconds(3),
                RequestTimeout = TimeSpan.FromSeconds(1),
                DeliveryTimeout = TimeSpan.FromSeconds(5),
                MaxBlock = TimeSpan.FromSeconds(_random.Next(2) == 0 ? 2 : 10),
                RetryBackoff = TimeSpan.FromMilliseconds(10),
                RetryBackoffMax = TimeSpan.FromMilliseconds(200),
            });
            await using var consumer = _client.CreateConsumer(new ConsumerOptions<Ignore, string>
            {
                GroupId = "copies",
                EnableAutoCommit = false,
                AutoOffsetReset = OffsetSpec.Earliest,
                SessionTimeout = TimeSpan.FromSeconds(1.5),
                MaxPollRecords = 25,
                FetchMaxWait = TimeSpan.FromMilliseconds(100),
                RequestTimeout = TimeSpan.FromSeconds(1),
                RetryBackoff = TimeSpan.FromMilliseconds(20),
                RetryBackoffMax = TimeSpan.FromMilliseconds(200),
            });
            try
            {
                await consumer.SubscribeAsync(["source"]);
                while (!_stop.IsCancellationRequested)
                {
                    try
                    {
                        await consumer.ProcessExactlyOnceAsync(producer, CopyAsync, _stop.Token);
                    }
                    catch (WorkFailedException)
                    {
                        _count("lists that failed");
                    }
                    catch (AggregateException both) when (both.InnerExceptions is [WorkFailedException, LoireException second])
                    {
                        _count("lists that failed");
                        throw second;
                    }
                }
            }
            catch (LoireException failure)
            {
                _count($"instances ended by {failure.Code}{(_isReplaced ? " once replaced" : "")}");
                if (_isReplaced)
                {
                    return;
                }
            }
        }
    }

    private async ValueTask CopyAsync(
        IReadOnlyList<ConsumeResult<Ignore, string>> records, ITransaction<string?, string> transaction, CancellationToken cancellation)
    {
        var last = _random.Next(8) == 0 ? _random.Next(records.Count) : records.Count;
        for (var i = 0; i < last; i++)
        {
            await transaction.EnqueueAsync(
                new TopicPartition("target", records[i].Partition), new Message<string?, string> { Value = records[i].Value! }, cancellation);
        }

        if (last < records.Count)
        {
            throw new WorkFailedException();
        }

        if (_isReplaced && !_frozen.Task.IsCompleted)
        {
            _strand.Freeze();
            _frozen.SetResult();
            await Task.Yield();
        }

        _count("lists copied");
    }
}
