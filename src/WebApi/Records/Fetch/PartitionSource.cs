using Loire.Grains.Interfaces.Partitions;
using Loire.Model;
using Loire.WebApi.Errors;
using Loire.WebApi.Requests;

namespace Loire.WebApi.Records.Fetch;

/// <summary>Reads one partition, with failures as problems.</summary>
internal sealed class PartitionSource(int partition, IPartitionGrain grain)
{
    public int Partition => partition;

    /// <summary>The offset at which reading begins.</summary>
    public async ValueTask<(Offset From, ApiProblem? Problem)> StartAsync(Position position, Timestamp timestamp)
    {
        if (timestamp != Timestamp.None)
        {
            var (found, problem) = await OffsetByTime.FindAsync(grain, timestamp);
            if (problem is not null || found is not null)
            {
                return (found?.Offset ?? Offset.None, problem);
            }

            // Every record is older: new ones begin at the end.
            position = Position.Latest;
        }

        if (position.Kind == PositionKind.Offset)
        {
            return (position.Offset, null);
        }

        var bounds = await grain.Offsets();
        return bounds.Error != ErrorCode.None ? (Offset.None, new ApiProblem(bounds.Error))
            : (position.Kind == PositionKind.Earliest ? bounds.LogStart : bounds.HighWatermark, null);
    }

    /// <summary>One fetch. A corrupt log is the server's failure, whatever the same error means of a produce.</summary>
    public async ValueTask<(FetchResult? Result, ApiProblem? Problem)> FetchAsync(
        Offset from, int maxBytes, int minBytes, TimeSpan maxWait, CancellationToken cancellation)
    {
        var request = new FetchRequest(from, maxBytes, maxWait > TimeSpan.Zero ? minBytes : 0, maxWait);
        var result = await grain.Fetch(request, cancellation);
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

    public Task<PartitionOffsets> OffsetsAsync() => grain.Offsets().AsTask();
}
