using Loire.Model;
using Orleans.Concurrency;

namespace Loire.Grains.Interfaces.Partitions;

/// <summary>
/// One partition of a topic: the only writer of its log. The key is <see cref="PartitionKey"/>. Calls interleave, because an append waits
/// for storage and a fetch may wait for data while others proceed; the order of appends is the order in which they arrive.
/// </summary>
[Alias("loire.IPartitionGrain")]
public interface IPartitionGrain : IGrainWithStringKey
{
    /// <summary>Appends whole record batches; none of them, or all of them, one after the other.</summary>
    [Alias("Append")]
    ValueTask<AppendResult> Append(AppendRequest request);

    /// <summary>Appends as <see cref="Append"/> does with <see cref="Acks.None"/>: nothing comes back, not even a failure.</summary>
    [OneWay]
    [Alias("AppendUnacknowledged")]
    ValueTask AppendUnacknowledged(AppendRequest request);

    /// <summary>Reads whole batches from an offset on, waiting for data if the request allows it.</summary>
    [ResponseTimeout("00:02:00")]
    [Alias("Fetch")]
    ValueTask<FetchResult> Fetch(FetchRequest request, CancellationToken cancellation);

    /// <summary>The positions that bound the log now.</summary>
    [Alias("Offsets")]
    ValueTask<PartitionOffsets> Offsets();

    /// <summary>
    /// The first batch that has a record at or after a moment. It comes as bytes, because only the edge decodes records: the edge finds the
    /// record in it.
    /// </summary>
    [Alias("FindBatch")]
    ValueTask<FindBatchResult> FindBatch(Timestamp timestamp);

    /// <summary>Takes over a new configuration of the topic. Called by the topic alone.</summary>
    [Alias("Configure")]
    ValueTask<ErrorCode> Configure(PartitionSettings settings);

    /// <summary>Deletes the log; a second call finishes what a crash interrupted. Called by the topic alone.</summary>
    [Alias("Delete")]
    ValueTask<ErrorCode> Delete();
}
