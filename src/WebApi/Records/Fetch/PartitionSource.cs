using Loire.Edge.Offsets;
using Loire.Edge.Topics;
using Loire.Grains.Interfaces.Partitions;
using Loire.Model;
using Loire.WebApi.Errors;

namespace Loire.WebApi.Records.Fetch;

/// <summary>
/// Reads one partition, with failures as problems. Its first answer fixes the creation of the topic that it reads: offsets of one mean nothing
/// in the next.
/// </summary>
internal sealed class PartitionSource(TopicCache topics, TopicRoutes topic, int partition)
{
    private TopicRoutes _topic = topic;
    private bool _hasBegun;

    public int Partition => partition;

    /// <summary>
    /// Finds where reading begins, for a request that fetches once: <see cref="FetchRequest.Earliest"/> and <see cref="FetchRequest.Latest"/>
    /// are left to the partition.
    /// </summary>
    public async ValueTask<(Offset From, ApiProblem? Problem)> StartAsync(
        OffsetSpec position, Timestamp timestamp, CancellationToken cancellation)
    {
        if (timestamp == Timestamp.None)
        {
            return (position.Kind switch
            {
                OffsetSpecKind.Offset => position.Number,
                OffsetSpecKind.Earliest => FetchRequest.Earliest,
                _ => FetchRequest.Latest,
            }, null);
        }

        var answer = await AskAsync(timestamp, static (grain, timestamp) => grain.FindBatch(timestamp), cancellation);
        var found = OffsetLookup.Find(answer, timestamp);
        return found.Error != ErrorCode.None ? (Offset.None, new ApiProblem(found.Error))
            : (found.IsFound ? found.Offset : FetchRequest.Latest, null);
    }

    /// <summary>Finds the offset at which reading begins.</summary>
    public async ValueTask<(Offset From, ApiProblem? Problem)> StartOffsetAsync(
        OffsetSpec position, Timestamp timestamp, CancellationToken cancellation)
    {
        var (from, problem) = await StartAsync(position, timestamp, cancellation);
        if (problem is not null || from >= Offset.Zero)
        {
            return (from, problem);
        }

        var bounds = await OffsetsAsync(cancellation);
        return bounds.Error != ErrorCode.None
            ? (Offset.None, new ApiProblem(bounds.Error))
            : (from == FetchRequest.Earliest ? bounds.LogStart : bounds.HighWatermark, null);
    }

    /// <summary>Fetches once. Damage in the log is the server's failure, whatever the same error means of a produce.</summary>
    public async ValueTask<(FetchResult? Result, ApiProblem? Problem)> FetchAsync(
        Offset from, int maxBytes, int minBytes, TimeSpan maxWait, CancellationToken cancellation)
    {
        var request = new FetchRequest(from, maxBytes, maxWait > TimeSpan.Zero ? minBytes : 0, maxWait);
        var result = await AskAsync(
            (request, cancellation), static (grain, state) => grain.Fetch(state.request, state.cancellation), cancellation);
        return result.Error switch
        {
            ErrorCode.None => (result, null),
            ErrorCode.OffsetOutOfRange => (null, new ApiProblem(result.Error, result.Detail)
            {
                Members = json =>
                {
                    json.WriteNumber("log_start_offset"u8, result.Bounds.LogStart.Value);
                    json.WriteNumber("high_watermark"u8, result.Bounds.HighWatermark.Value);
                },
            }),
            ErrorCode.CorruptMessage or ErrorCode.InvalidRecord => (null, new ApiProblem(result.Error, result.Detail, 500)),
            _ => (null, new ApiProblem(result.Error, result.Detail)),
        };
    }

    /// <summary>The positions that bound the log now.</summary>
    public ValueTask<PartitionOffsets> OffsetsAsync(CancellationToken cancellation) =>
        AskAsync(0, static (grain, _) => grain.Offsets(), cancellation);

    private async ValueTask<T> AskAsync<T, TState>(
        TState state, Func<IPartitionGrain, TState, ValueTask<T>> call, CancellationToken cancellation)
        where T : IPartitionAnswer
    {
        var (answer, now) = await topics.AskAsync(_topic, partition, mayMove: !_hasBegun, state, call, cancellation);
        if (answer.Error == ErrorCode.None && !_hasBegun)
        {
            (_topic, _hasBegun) = (now, true);
        }

        return answer;
    }
}
