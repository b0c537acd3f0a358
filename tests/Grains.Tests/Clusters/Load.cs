using System.Collections.Concurrent;
using System.Diagnostics;
using System.Globalization;
using System.Text;
using Loire.Grains.Interfaces.Partitions;
using Loire.Grains.Interfaces.Topics;
using Loire.Grains.Tests.Histories;
using Loire.Model;
using Loire.Model.Batches;

namespace Loire.Grains.Tests.Clusters;

/// <summary>Producers that write to every partition of a topic until stopped, and record every reply.</summary>
internal sealed class Load
{
    private static readonly TimeSpan Patience = TimeSpan.FromSeconds(60);

    private readonly ConcurrentQueue<Send> _sends = new();
    private readonly CancellationTokenSource _stop = new();
    private readonly List<Task> _producers = [];
    private int _acknowledged;
    private volatile Milestone _milestone = new(int.MaxValue);

    private sealed class Milestone(int at) : TaskCompletionSource(TaskCreationOptions.RunContinuationsAsynchronously)
    {
        public int At { get; } = at;
    }

    public Load(IGrainFactory grains, TopicDescription topic, int producers) =>
        _producers.AddRange(Enumerable.Range(0, producers).Select(producer => Task.Run(() => Produce(grains, topic, producer))));

    /// <summary>Batches acknowledged so far.</summary>
    public int Acknowledged => Volatile.Read(ref _acknowledged);

    /// <summary>Waits until that many more batches are acknowledged; the load makes progress or the test fails.</summary>
    public async Task Progress(int batches)
    {
        var milestone = new Milestone(Acknowledged + batches);
        _milestone = milestone;
        await await Task.WhenAny([milestone.Task, .. _producers]).WaitAsync(Patience);
        Assert.True(milestone.Task.IsCompleted, "a producer has ended");
    }

    /// <summary>Stops the load and returns the replies to the producers.</summary>
    public async Task<IReadOnlyCollection<Send>> Stop()
    {
        await _stop.CancelAsync();
        await Task.WhenAll(_producers);
        return _sends;
    }

    /// <summary>Compares every partition with the replies to the producers.</summary>
    public static async Task<List<string>> Check(IGrainFactory grains, TopicDescription topic, IReadOnlyCollection<Send> sends)
    {
        List<string> problems = [];
        for (var partition = 0; partition < topic.PartitionsCount; partition++)
        {
            var log = await ReadAll(grains, topic, partition);
            problems.AddRange(History.Problems([.. sends.Where(send => send.Partition == partition)], log));
        }

        return problems;
    }

    public static async Task<byte[]> ReadAll(IGrainFactory grains, TopicDescription topic, int partition)
    {
        var grain = Partition(grains, topic, partition);
        var log = new MemoryStream();
        for (var from = Offset.Zero; ;)
        {
            var result = await RepeatedAsync(() => grain.Fetch(new FetchRequest(from, 1024 * 1024, 0, TimeSpan.Zero), default).AsTask());
            Assert.Equal(ErrorCode.None, result.Error);
            foreach (var piece in result.Batches)
            {
                log.Write(piece.Span);
            }

            if (result.Batches.Length == 0)
            {
                return log.ToArray();
            }

            from = result.NextOffset;
        }
    }

    public static IPartitionGrain Partition(IGrainFactory grains, TopicDescription topic, int partition) =>
        grains.GetGrain<IPartitionGrain>(new PartitionKey(topic.Name, topic.Id, partition).ToString());

    /// <summary>Makes a call that may be repeated: for some time after a silo has ended others reject what they would pass on to it.</summary>
    private static async Task<T> RepeatedAsync<T>(Func<Task<T>> call)
    {
        for (var begun = Stopwatch.GetTimestamp(); ;)
        {
            try
            {
                return await call();
            }
            catch (Exception failure) when (failure is OrleansException or TimeoutException && Stopwatch.GetElapsedTime(begun) < Patience)
            {
                await Task.Delay(10);
            }
        }
    }

    private async Task Produce(IGrainFactory grains, TopicDescription topic, int producer)
    {
        var random = new Random(producer);
        using var builder = new RecordBatchBuilder();
        for (var number = 0; !_stop.IsCancellationRequested; number++)
        {
            for (var record = random.Next(1, 5); record > 0; record--)
            {
                var value = string.Create(
                    CultureInfo.InvariantCulture, $"{producer}/{number}/{record}/{new string('v', random.Next(200))}");
                builder.Append(new Timestamp(1_767_225_600_000), [], true, Encoding.UTF8.GetBytes(value), false);
            }

            var (partition, bytes) = (random.Next(topic.PartitionsCount), builder.Build());
            var (outcome, offset) = (SendOutcome.Unknown, -1L);
            try
            {
                var result = await Partition(grains, topic, partition)
                    .Append(new AppendRequest(bytes, number % 2 == 0 ? Acks.All : Acks.Leader));
                if (result.Error == ErrorCode.None)
                {
                    (outcome, offset) = (SendOutcome.Acknowledged, result.BaseOffset.Value);
                }
            }
            catch (Exception e) when (e is OrleansException or TimeoutException or OperationCanceledException)
            {
                // The silo is gone: the outcome is unknown.
            }

            _sends.Enqueue(new Send(producer, number, partition, bytes, outcome, offset));
            if (outcome == SendOutcome.Acknowledged)
            {
                var milestone = _milestone;
                if (Interlocked.Increment(ref _acknowledged) >= milestone.At)
                {
                    milestone.TrySetResult();
                }
            }
            else
            {
                await Task.Delay(10);
            }
        }
    }
}
