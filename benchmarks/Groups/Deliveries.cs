using System.Diagnostics;
using Loire.Client;
using Loire.Model;

namespace Loire.Groups.Benchmarks;

/// <summary>A topic that gets records steadily, and when records of each partition were delivered.</summary>
internal sealed class Deliveries(int partitions) : IAsyncDisposable
{
    public const string Topic = "steady";

    private readonly long[] _last = new long[partitions];
    private readonly long[] _longest = new long[partitions];
    private readonly bool[] _moved = new bool[partitions];
    private readonly CancellationTokenSource _stop = new();
    private Task _producing = Task.CompletedTask;

    /// <summary>Creates the topic and gives each of its partitions a record now and then.</summary>
    public async Task StartAsync(LoireClient client, TimeSpan interval)
    {
        await client.Admin.CreateTopicAsync(new NewTopic(Topic, partitions));
        _producing = Task.Factory.StartNew(() => ProduceAsync(client, interval), TaskCreationOptions.LongRunning).Unwrap();
    }

    /// <summary>Forgets what was until now.</summary>
    public void Reset()
    {
        var now = Stopwatch.GetTimestamp();
        for (var i = 0; i < partitions; i++)
        {
            Volatile.Write(ref _moved[i], false);
            Volatile.Write(ref _last[i], now);
            Volatile.Write(ref _longest[i], 0);
        }
    }

    public void Moved(int partition) => Volatile.Write(ref _moved[partition], true);

    public void Delivered(int partition, long now)
    {
        var gap = now - Interlocked.Exchange(ref _last[partition], now);
        if (gap > Volatile.Read(ref _longest[partition]))
        {
            Volatile.Write(ref _longest[partition], gap);
        }
    }

    /// <summary>The longest time between two deliveries of each partition since the last reset, in ms; null where it moved.</summary>
    public double?[] Gaps()
    {
        var now = Stopwatch.GetTimestamp();
        return
        [
            .. Enumerable.Range(0, partitions).Select(i => Volatile.Read(ref _moved[i])
                ? (double?)null
                : Milliseconds(Math.Max(Volatile.Read(ref _longest[i]), now - Volatile.Read(ref _last[i])))),
        ];
    }

    /// <summary>When each partition's last record was delivered.</summary>
    public long LastOf(int partition) => Volatile.Read(ref _last[partition]);

    public async ValueTask DisposeAsync()
    {
        await _stop.CancelAsync();
        await _producing;
    }

    private static double Milliseconds(long ticks) => ticks * 1e3 / Stopwatch.Frequency;

    private async Task ProduceAsync(LoireClient client, TimeSpan interval)
    {
        await using var producer = client.CreateProducer<Null, Null>();
        var start = Stopwatch.GetTimestamp();
        for (var number = 0L; !_stop.IsCancellationRequested; number++)
        {
            // Partitions take turns, so that no moment gets them all.
            var due = interval * ((double)number / partitions);
            while (due > Stopwatch.GetElapsedTime(start))
            {
                await Task.Delay(1);
            }

            await producer.EnqueueAsync(new TopicPartition(Topic, (int)(number % partitions)), new Message<Null, Null>());
        }
    }
}
