using System.Diagnostics;
using System.Text;
using Loire.Grains.Interfaces.Partitions;
using Loire.Grains.Interfaces.Topics;
using Loire.Model;
using Loire.Model.Batches;
using Loire.TestKit;

namespace Loire.Client.Tests.Transactions;

/// <summary>What is committed in the partitions of a topic once nothing is open there any more, by the markers in the log.</summary>
internal static class SettledLog
{
    private static readonly TimeSpan Patience = TimeSpan.FromSeconds(60);

    public static IPartitionGrain PartitionOf(IGrainFactory grains, TopicDescription topic, int partition) =>
        grains.GetGrain<IPartitionGrain>(new PartitionKey(topic.Name, topic.Id, partition).ToString());

    /// <summary>Waits until the last stable offset of each partition is its high watermark.</summary>
    /// <returns>How long that took; null if a transaction stayed open.</returns>
    public static async Task<TimeSpan?> SettleAsync(IGrainFactory grains, TopicDescription topic)
    {
        var begun = Stopwatch.GetTimestamp();
        for (var partition = 0; partition < topic.PartitionsCount; partition++)
        {
            while (await BoundsAsync(PartitionOf(grains, topic, partition)) is var bounds && bounds.LastStable != bounds.HighWatermark)
            {
                if (Stopwatch.GetElapsedTime(begun) > Patience)
                {
                    return null;
                }

                await Task.Delay(20);
            }
        }

        return Stopwatch.GetElapsedTime(begun);
    }

    /// <summary>The bounds of a partition that has looked for open transactions.</summary>
    public static async Task<PartitionOffsets> BoundsAsync(IPartitionGrain partition) =>
        (await FetchAsync(partition, Offset.Zero, IsolationLevel.ReadCommitted)).Bounds;

    /// <summary>The committed values of each partition, in their order.</summary>
    /// <param name="grains">The cluster.</param>
    /// <param name="topic">The topic.</param>
    /// <param name="problems">Gets what readers of committed records are told differently.</param>
    public static async Task<List<string>[]> ReadAsync(IGrainFactory grains, TopicDescription topic, ICollection<string> problems)
    {
        var logs = new List<string>[topic.PartitionsCount];
        for (var partition = 0; partition < logs.Length; partition++)
        {
            var grain = PartitionOf(grains, topic, partition);
            logs[partition] = await ReadAsync(grain);
            var answered = await CommittedLog.ReadAsync(grain, IsolationLevel.ReadCommitted);
            if (!answered.SequenceEqual(logs[partition]))
            {
                problems.Add($"partition {partition}: readers get {answered.Count} committed records, by the markers there are {logs[partition].Count}");
            }
        }

        return logs;
    }

    private static async Task<List<string>> ReadAsync(IPartitionGrain partition)
    {
        var (from, committed, open) = (Offset.Zero, new SortedDictionary<long, string>(), new Dictionary<long, List<(long Offset, string Value)>>());
        using var decompressor = new BatchDecompressor();
        while (await FetchAsync(partition, from, IsolationLevel.ReadUncommitted) is var answer && answer.NextOffset != from)
        {
            for (var rest = TestBatches.Join(answer.Batches).AsSpan(); !rest.IsEmpty;)
            {
                Assert.Equal(ErrorCode.None, RecordBatch.TryRead(rest, out var batch));
                rest = rest[batch.SizeInBytes..];
                if (batch.IsControl)
                {
                    Assert.True(EndMarkerBatch.TryRead(batch, out var commits));
                    foreach (var (offset, value) in open.Remove(batch.ProducerId, out var ended) && commits ? ended : [])
                    {
                        committed.Add(offset, value);
                    }

                    continue;
                }

                Assert.Equal(ErrorCode.None, decompressor.TryDecompress(batch, out var records));
                for (var reader = new RecordReader(batch, records); reader.MoveNext();)
                {
                    var (offset, value) = (reader.Current.Offset.Value, Encoding.UTF8.GetString(reader.Current.Value));
                    if (!batch.IsTransactional)
                    {
                        committed.Add(offset, value);
                    }
                    else if (open.TryGetValue(batch.ProducerId, out var transaction))
                    {
                        transaction.Add((offset, value));
                    }
                    else
                    {
                        open.Add(batch.ProducerId, [(offset, value)]);
                    }
                }
            }

            from = answer.NextOffset;
        }

        Assert.Empty(open);
        return [.. committed.Values];
    }

    private static async Task<FetchResult> FetchAsync(IPartitionGrain partition, Offset from, IsolationLevel isolation)
    {
        var begun = Stopwatch.GetTimestamp();
        while (true)
        {
            try
            {
                var answer = await partition.Fetch(new FetchRequest(from, 1 << 20, 0, TimeSpan.Zero, isolation), default);
                if (answer.Error == ErrorCode.None)
                {
                    return answer;
                }

                Assert.True(Stopwatch.GetElapsedTime(begun) < Patience, $"A partition cannot be read: {answer.Error}");
            }
            catch (Exception failure) when (failure is not Xunit.Sdk.XunitException && Stopwatch.GetElapsedTime(begun) < Patience)
            {
                // Its silo is gone.
            }

            await Task.Delay(20);
        }
    }
}
