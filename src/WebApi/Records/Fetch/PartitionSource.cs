using Loire.Edge.Fetching;
using Loire.Edge.Topics;
using Loire.Grains.Interfaces.Partitions;
using Loire.Model;
using Loire.Model.Memory;
using Loire.WebApi.Errors;
using Loire.WebApi.Requests;
using Microsoft.AspNetCore.Http;

namespace Loire.WebApi.Records.Fetch;

/// <summary>
/// Reads one partition for one request, with failures as problems. What the last fetch has brought counts as held by the request until the
/// next one.
/// </summary>
internal sealed class PartitionSource(TopicCache topics, TopicRoutes topic, int partition, IsolationLevel isolation, HttpContext context)
{
    private readonly FetchSession _session = new(topics, topic, partition, TimeProvider.System);
    private readonly RequestMemory _memory = RequestMemory.Of(context);
    private readonly MemoryClaim _claim = RequestMemory.Of(context).Claim(context);

    public int Partition => partition;

    /// <summary>The problem of a fetch that has brought no answer to read. Damage in the log is the server's failure, whatever the same
    /// error
    /// means of a produce.</summary>
    public static ApiProblem? Problem(Fetched fetched)
    {
        var answer = fetched.Answer;
        return answer.Error switch
        {
            ErrorCode.None => null,
            ErrorCode.OffsetOutOfRange => new ApiProblem(answer.Error, answer.Detail)
            {
                Members = json =>
                {
                    json.WriteNumber("log_start_offset"u8, answer.Bounds.LogStart.Value);
                    json.WriteNumber("high_watermark"u8, answer.Bounds.HighWatermark.Value);
                },
            },
            ErrorCode.CorruptMessage or ErrorCode.InvalidRecord => new ApiProblem(answer.Error, answer.Detail, 500),
            _ => new ApiProblem(answer.Error, answer.Detail),
        };
    }

    /// <summary>
    /// Finds where reading begins, for a request that fetches once: <see cref="FetchRequest.Earliest"/> and
    /// <see cref="FetchRequest.Latest"/>
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

        var found = await _session.AtTimeAsync(timestamp, isolation, cancellation);
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
            : (from == FetchRequest.Earliest ? bounds.LogStart : bounds.End(isolation), null);
    }

    /// <summary>Fetches once.</summary>
    public async ValueTask<(FetchResult? Result, ApiProblem? Problem)> FetchAsync(
        Offset from, int maxBytes, int minBytes, TimeSpan maxWait, CancellationToken cancellation)
    {
        var fetched = await ReadAsync(from, maxBytes, minBytes, maxWait, cancellation);
        return Problem(fetched) is { } problem ? (null, problem) : (fetched.Answer, null);
    }

    /// <summary>Fetches once, for a reader that answers some failures itself.</summary>
    public async ValueTask<Fetched> ReadAsync(Offset from, int maxBytes, int minBytes, TimeSpan maxWait, CancellationToken cancellation)
    {
        _claim.TryHold(0);
        var fetched = await _session.FetchAsync(
            new FetchRequest(from, maxBytes, maxWait > TimeSpan.Zero ? minBytes : 0, maxWait, isolation), cancellation);
        var bytes = fetched.Answer.Batches.Sum(batch => (long)batch.Length);
        if (bytes == 0 || await _memory.HoldAsync(_claim, bytes, cancellation))
        {
            return fetched;
        }

        // What was read is dropped: the records stay where they are.
        var refusal = RequestMemory.NoRoom;
        return new Fetched(FetchStatus.Unavailable, fetched.Answer with { Error = refusal.Error, Bytes = [], Detail = refusal.Detail });
    }

    /// <summary>Finds the last record of a key.</summary>
    /// <returns>The batch that holds the record, whose offset is the last one before <see cref="FetchResult.NextOffset"/>; no batch if no record has the key.</returns>
    public async ValueTask<(FetchResult? Result, ApiProblem? Problem)> LatestAsync(byte[] key, CancellationToken cancellation)
    {
        LatestRecordResult answer;
        try
        {
            (answer, _) = await topics.AskAsync(
                topic, partition, mayMove: true, key, static (grain, key) => grain.Latest(key), Timeout.InfiniteTimeSpan, cancellation);
        }
        catch (Exception exception) when (ApiProblem.FromGrainCall(exception) is { } failed)
        {
            return (null, failed);
        }

        var problem = answer.Error switch
        {
            ErrorCode.None => null,
            ErrorCode.CorruptMessage => new ApiProblem(answer.Error, answer.Detail, 500),
            ErrorCode.RequestTimedOut => new ApiProblem(answer.Error, answer.Detail, 503),
            _ => new ApiProblem(answer.Error, answer.Detail),
        };
        var bytes = answer.Batch.Sum(piece => (long)piece.Length);
        problem ??= bytes == 0 || await _memory.HoldAsync(_claim, bytes, cancellation) ? null : RequestMemory.NoRoom;
        return problem is not null ? (null, problem)
            : (new FetchResult(ErrorCode.None, answer.Bytes, answer.Offset + 1, answer.Bounds, null), null);
    }

    /// <summary>The positions that bound the log now.</summary>
    public ValueTask<PartitionOffsets> OffsetsAsync(CancellationToken cancellation) => _session.OffsetsAsync(cancellation);
}
