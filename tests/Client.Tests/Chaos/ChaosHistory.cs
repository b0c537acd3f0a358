using System.Collections.Concurrent;
using System.Diagnostics;
using Loire.Grains.Tests.Histories;

namespace Loire.Client.Tests.Chaos;

/// <summary>What the clients of a run were told, and every contradiction in it. Thread-safe.</summary>
internal sealed class ChaosHistory(int partitions)
{
    private readonly ConcurrentQueue<(long At, long LastOffset)>[] _acknowledged = [.. Enumerable.Range(0, partitions).Select(_ => new ConcurrentQueue<(long, long)>())];
    private readonly long[] _durable = [.. Enumerable.Repeat(-1L, partitions)];
    private readonly ConcurrentDictionary<(int Partition, long Offset), string> _read = new();
    private readonly ConcurrentDictionary<string, int> _counts = new();

    public ConcurrentQueue<Send> Sends { get; } = new();

    public ConcurrentQueue<string> Problems { get; } = new();

    public void Count(string what) => _counts.AddOrUpdate(what, 1, static (_, count) => count + 1);

    public int CountOf(string what) => _counts.GetValueOrDefault(what);

    public string Summary() => string.Join(", ", _counts.OrderBy(count => count.Key).Select(count => $"{count.Value} {count.Key}"));

    public void Acknowledge(int partition, long lastOffset) => _acknowledged[partition].Enqueue((Stopwatch.GetTimestamp(), lastOffset));

    /// <summary>The last offset of a partition that was acknowledged at least so long ago; -1 for none.</summary>
    public long AcknowledgedBefore(int partition, TimeSpan ago)
    {
        lock (_acknowledged[partition])
        {
            while (_acknowledged[partition].TryPeek(out var next) && Stopwatch.GetElapsedTime(next.At) >= ago)
            {
                _acknowledged[partition].TryDequeue(out _);
                _durable[partition] = Math.Max(_durable[partition], next.LastOffset);
            }

            return _durable[partition];
        }
    }

    /// <summary>A reader got a record: every reader gets the same one.</summary>
    public void Read(int partition, long offset, string value)
    {
        var first = _read.GetOrAdd((partition, offset), value);
        if (first != value)
        {
            Problems.Enqueue($"partition {partition} has '{first}' at offset {offset} for one reader, and '{value}' for another");
        }
    }

    /// <summary>Compares what readers got with the log as it is in the end.</summary>
    public void CompareWith(int partition, IReadOnlyList<string> log)
    {
        foreach (var ((_, offset), value) in _read.Where(read => read.Key.Partition == partition))
        {
            if (offset >= log.Count || log[(int)offset] != value)
            {
                Problems.Enqueue($"'{value}' was read at offset {offset} of partition {partition}, which has {(offset < log.Count ? $"'{log[(int)offset]}'" : "nothing")} there in the end");
            }
        }
    }
}
