using Loire.Coordination.Producers;
using Loire.Grains.Interfaces.Partitions;
using Loire.Log.Partitions;
using Loire.Model;
using Loire.Model.Transactions;

namespace Loire.Grains.Partitions;

/// <content>What is read of the partition, and the start of its log.</content>
public sealed partial class PartitionDriver
{
    /// <summary>Reads whole batches below the high watermark, waiting for data as the request allows.</summary>
    public async ValueTask<FetchResult> FetchAsync(FetchRequest request, CancellationToken cancellation)
    {
        var result = Problem(request) is { } problem
            ? new FetchResult(ErrorCode.InvalidRequest, [], request.From, Bounds(), problem)
            : await OpenAsync() is not ErrorCode.None and var error
            ? new FetchResult(error, [], request.From, Bounds(), null)
            : request.Epochs is { } epochs && await CheckAsync(epochs, request.From) is { } refused
            ? refused
            : request.From == FetchRequest.Latest && await EndOfAsync(request.Isolation) is not ErrorCode.None and var unknown
            ? new FetchResult(unknown, [], request.From, Bounds(), null)
            : await _fetches.FetchAsync(Resolve(WithinLimits(request)), cancellation);
        if (result.Error == ErrorCode.None)
        {
            _metrics.Fetched(PartitionFetches.TotalBytes(result));
        }
        else
        {
            _metrics.Failed("fetch", result.Error);
        }

        return result;
    }

    /// <summary>Returns the offsets that bound the log.</summary>
    public async ValueTask<PartitionOffsets> OffsetsAsync()
    {
        var error = await OpenAsync();
        error = error == ErrorCode.None ? await NewestAsync() : error;
        if (error == ErrorCode.None)
        {
            // If that fails, the last stable offset is answered as unknown.
            await _producers.SettleAsync();
        }

        return error == ErrorCode.None ? Bounds() : Bounds() with { Error = error };
    }

    /// <summary>Returns the first batch with a record at or after a timestamp.</summary>
    public ValueTask<FindBatchResult> FindBatchAsync(Timestamp timestamp) => SearchAsync(() => _searches.FindAsync(timestamp));

    /// <summary>Returns the first batch with the greatest timestamp.</summary>
    public ValueTask<FindBatchResult> FindNewestAsync() => SearchAsync(_searches.FindNewestAsync);

    /// <summary>Returns where an epoch ends.</summary>
    public async ValueTask<EpochEndResult> EndOfEpochAsync(LeaderEpoch epoch, LeaderEpoch current)
    {
        var error = await OpenAsync();
        error = error == ErrorCode.None ? await _epochs.CheckAsync(current) : error;
        var end = default(EpochEnd);
        if (error == ErrorCode.None)
        {
            (error, end) = await _epochs.EndOfAsync(epoch);
        }

        return new EpochEndResult(error, end, Bounds());
    }

    /// <summary>Finds the last record of a key, if the topic is compacted.</summary>
    public async ValueTask<LatestRecordResult> LatestAsync(ReadOnlyMemory<byte> key)
    {
        var error = await OpenAsync();
        error = error != ErrorCode.None ? error : _machine.Settings is { Compaction: not null } ? await NewestAsync(TimeSpan.Zero) : ErrorCode.PolicyViolation;
        var (offset, batch) = (Offset.None, Array.Empty<ReadOnlyMemory<byte>>());
        if (error == ErrorCode.None)
        {
            (error, offset, batch) = await _keys.FindAsync(key);
        }

        if (error == ErrorCode.None)
        {
            _metrics.LookedUp();
        }
        else
        {
            _metrics.Failed("latest", error);
        }

        return new LatestRecordResult(error, batch, offset, Bounds(), PartitionKeys.Explain(error));
    }

    /// <summary>Deletes the records before an offset; without an offset, all that are committed.</summary>
    public async ValueTask<PartitionOffsets> DeleteRecordsAsync(Offset before, bool validateOnly)
    {
        if (_key.Topic.IsInternal)
        {
            return Bounds() with { Error = ErrorCode.InvalidTopicException };
        }

        var bounds = await OffsetsAsync();
        if (_machine.Settings is { IsDeletable: false })
        {
            return bounds with { Error = ErrorCode.PolicyViolation };
        }

        var to = before == Offset.None ? bounds.HighWatermark : before;
        if (bounds.Error != ErrorCode.None || to < Offset.Zero || to > bounds.HighWatermark)
        {
            return bounds.Error != ErrorCode.None ? bounds : bounds with { Error = ErrorCode.OffsetOutOfRange };
        }

        if (validateOnly || to <= bounds.LogStart)
        {
            return bounds with { LogStart = Offset.Max(to, bounds.LogStart) };
        }

        var error = await _trims.DeleteBeforeAsync(to);
        return Bounds() with { Error = error };
    }

    /// <summary>What is known of idempotent producers, in the order of <see cref="ProducerTable.Producers"/>. Takes the lead, if there are any.</summary>
    internal async Task<(ErrorCode Error, ProducerState[] Producers)> ProducersAsync()
    {
        var error = await OpenAsync();
        error = error == ErrorCode.None && _producers.Exist ? await LeadAsync() : error;
        error = error == ErrorCode.None ? await _producers.RecallAsync() : error;
        return (error, error == ErrorCode.None ? [.. _machine.Producers.Producers] : []);
    }

    /// <summary>Describes the idempotent producers that the partition remembers.</summary>
    public async ValueTask<ProducersResult> DescribeProducersAsync()
    {
        var error = await OpenAsync();
        error = error == ErrorCode.None ? await NewestAsync() : error;
        error = error == ErrorCode.None ? await _producers.SettleAsync() : error;
        return new ProducersResult(error, error != ErrorCode.None ? [] : [.. _machine.Producers.Producers.Select(Describe)]);
    }

    private static ProducerDescription Describe(ProducerState producer)
    {
        var (sequence, timestamp) = producer.Batches is [.., var last] ? (last.LastSequence, last.MaxTimestamp) : (-1, producer.LastAppend);
        return new ProducerDescription(
            new ProducerIdentity(producer.Producer, producer.Epoch), sequence, producer.LastAppend, producer.TransactionStart, producer.HasEnded, timestamp);
    }

    private async ValueTask<FindBatchResult> SearchAsync(Func<ValueTask<LogRead>> search)
    {
        var error = await OpenAsync();
        var found = error == ErrorCode.None ? await search() : new LogRead(error, [], Offset.None, 0);
        if (found.Error == ErrorCode.None)
        {
            await _producers.SettleAsync();
        }

        return new FindBatchResult(found.Error, found.Pieces, Bounds());
    }

    private async ValueTask<FetchResult?> CheckAsync(ReaderEpochs epochs, Offset from)
    {
        var error = await _epochs.CheckAsync(epochs.Current);
        var end = default(EpochEnd);
        if (error == ErrorCode.None && epochs.LastFetched != LeaderEpoch.None)
        {
            (error, end) = await _epochs.EndOfAsync(epochs.LastFetched);
            error = error == ErrorCode.None && end is null ? ErrorCode.OffsetOutOfRange : error;
        }

        return error != ErrorCode.None ? new FetchResult(error, [], from, Bounds(), null)
            : end is not null && end.End < from ? new FetchResult(ErrorCode.None, [], from, Bounds(), null, Diverging: end)
            : null;
    }

    private static string? Problem(FetchRequest request) =>
        request.MaxBytes < 0 ? "The maximum number of bytes must not be negative."
        : request.MinBytes < 0 ? "The minimum number of bytes must not be negative."
        : request.MaxWait < TimeSpan.Zero || request.MaxWait > Limits.FetchWait
            ? $"The wait must lie between 0 and {Limits.FetchWait.TotalSeconds} seconds."
        : null;

    private static FetchRequest WithinLimits(FetchRequest request) =>
        request.MaxBytes <= Limits.FetchBytes && request.MinBytes <= request.MaxBytes ? request : request with
        {
            MaxBytes = Math.Min(request.MaxBytes, Limits.FetchBytes),
            MinBytes = Math.Min(request.MinBytes, Math.Min(request.MaxBytes, Limits.FetchBytes)),
        };

    private FetchRequest Resolve(FetchRequest request) =>
        request.From == FetchRequest.Earliest ? request with { From = _machine.Positions.Start }
        : request.From == FetchRequest.Latest ? request with { From = _machine.ReadLimit(request.Isolation) }
        : request;

    private async ValueTask<ErrorCode> EndOfAsync(IsolationLevel isolation)
    {
        var error = await NewestAsync();
        return error == ErrorCode.None && isolation == IsolationLevel.ReadCommitted ? await _producers.SettleAsync() : error;
    }

    private PartitionOffsets Bounds()
    {
        var positions = _machine.Positions;
        return new PartitionOffsets(
            ErrorCode.None, positions.Start, _machine.IsStableKnown ? positions.LastStable : Offset.None, positions.HighWatermark, positions.End, _log.Epoch, _machine.TopicVersion,
            _brokerId);
    }
}
