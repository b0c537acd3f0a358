using Loire.Coordination.Partitions;
using Loire.Coordination.Producers;
using Loire.Grains.Interfaces.Partitions;
using Loire.Grains.Interfaces.Transactions;
using Loire.Model;
using Loire.Model.Batches;

namespace Loire.TestKit.Fakes;

/// <summary>A partition in memory, whose appends can be held up or refused.</summary>
public sealed class FakePartition : IPartitionGrain
{
    private readonly Lock _lock = new();
    private readonly List<(Offset First, Offset Next, Timestamp Max, ReadOnlyMemory<byte>[] Pieces, int Size)> _batches = [];

    // Whoever waits goes on where it awaits, without a detour by other threads: virtual time must not go on meanwhile.
    private TaskCompletionSource _grown = new();
    private Offset _end = Offset.Zero;
    private int _parked;

    /// <summary>Awaited by each append before it happens; what it returns is the answer if it is an error.</summary>
    public Func<int, Task<ErrorCode>>? BeforeAppend { get; set; }

    /// <summary>Thrown by each call, if it is set.</summary>
    public Exception? Exception { get; set; }

    /// <summary>What each fetch answers, if it is set.</summary>
    public ErrorCode? FetchError { get; set; }

    /// <summary>Awaited by each fetch before it happens; what it returns is the answer if it is an error. The number counts the fetches.</summary>
    public Func<int, FetchRequest, Task<ErrorCode>>? BeforeFetch { get; set; }

    /// <summary>Awaited by each question for the offsets; what it returns is the answer if it is an error.</summary>
    public Func<Task<ErrorCode>>? BeforeOffsets { get; set; }

    /// <summary>Whose time a fetch waits in.</summary>
    public TimeProvider Time { get; set; } = TimeProvider.System;

    /// <summary>Calls of Fetch so far.</summary>
    public int Fetches => Volatile.Read(ref _fetches);

    /// <summary>Calls of Append so far.</summary>
    public int Appends { get; private set; }

    /// <summary>Appends that are being waited for at this moment, and the most there ever were.</summary>
    public int AppendsInFlightMax { get; private set; }

    /// <summary>Fetches that wait for data.</summary>
    public int Parked => Volatile.Read(ref _parked);

    /// <summary>Called with each append that has happened; what it awaits or throws comes before the answer.</summary>
    public Func<int, Task>? AfterAppend { get; set; }

    public Offset LogStart { get; set; } = Offset.Zero;

    /// <summary>The transactions that a fetch of what is committed names as aborted, if it returns records after their first offsets.</summary>
    public AbortedTransaction[] Aborted { get; set; } = [];

    /// <summary>The leader epoch of answers and appended batches.</summary>
    public LeaderEpoch Epoch { get; set; } = new(0);

    /// <summary>The version of the topic that it says it acts on.</summary>
    public long TopicVersion { get; set; }

    /// <summary>Larger batches are refused.</summary>
    public int MaxMessageBytes { get; set; } = int.MaxValue;

    /// <summary>Whether batches of idempotent producers are accepted: from feature level 3 on.</summary>
    public bool SupportsProducers { get; set; } = true;

    /// <summary>What it remembers of idempotent producers, by the rules of the real one.</summary>
    public ProducerTable Producers => _machine.Producers;

    private readonly PartitionMachine<object, LongPoll> _machine = new();
    private int _inFlight;
    private int _fetches;

    public async ValueTask<AppendResult> Append(AppendRequest request)
    {
        if (Exception is not null)
        {
            throw Exception;
        }

        int number;
        lock (_lock)
        {
            number = Appends++;
            AppendsInFlightMax = Math.Max(AppendsInFlightMax, ++_inFlight);
        }

        try
        {
            if (BeforeAppend is { } before && await before(number) is var error && error != ErrorCode.None)
            {
                return new AppendResult(error, Offset.None, Offset.None, Timestamp.None, LogStart, null, TopicVersion);
            }

            Offset first, last;
            int repeated;
            TaskCompletionSource grown;
            lock (_lock)
            {
                if (IsTooLarge(request.Batches.Join().Span))
                {
                    return new AppendResult(
                        ErrorCode.MessageTooLarge, Offset.None, Offset.None, Timestamp.None, LogStart, null, TopicVersion);
                }

                if (Judge(request.Batches.Join().Span, request.Transaction is not null) is var verdict && verdict.Error != ErrorCode.None)
                {
                    return new AppendResult(verdict.Error, Offset.None, Offset.None, Timestamp.None, LogStart, null, TopicVersion);
                }

                repeated = verdict.Repeated == 0 ? 0 : (int)(verdict.NextOffset - verdict.BaseOffset);
                first = verdict.Repeated == 0 ? _end : verdict.BaseOffset;
                last = Take(request.Batches.Join(), verdict.Repeated) ? _end + -1 : verdict.NextOffset + -1;
                (grown, _grown) = (_grown, new TaskCompletionSource());
            }

            grown.SetResult();

            if (AfterAppend is { } after)
            {
                await after(number);
            }

            return request.Acks == Acks.None
                ? new AppendResult(ErrorCode.None, Offset.None, Offset.None, Timestamp.None, LogStart, null, TopicVersion)
                : new AppendResult(ErrorCode.None, first, last, Timestamp.None, LogStart, null, TopicVersion, repeated);
        }
        finally
        {
            Interlocked.Decrement(ref _inFlight);
        }
    }

    /// <summary>Appends a batch whatever is in it, as a client that writes record batches may.</summary>
    public void Plant(ReadOnlyMemory<byte> batch)
    {
        lock (_lock)
        {
            Take(batch);
        }
    }

    public async ValueTask AppendUnacknowledged(AppendRequest request) => await Append(request with { Acks = Acks.None });

    public async ValueTask<FetchResult> Fetch(FetchRequest request, CancellationToken cancellation)
    {
        if (Exception is not null)
        {
            throw Exception;
        }

        var number = Interlocked.Increment(ref _fetches) - 1;
        if (BeforeFetch is { } before && await before(number, request) is var refusal && refusal != ErrorCode.None)
        {
            return new FetchResult(refusal, [], request.From, Bounds(), null);
        }

        while (true)
        {
            Task grown;
            lock (_lock)
            {
                if (FetchError is { } error)
                {
                    return new FetchResult(error, [], request.From, Bounds(), null);
                }

                request = request.From == FetchRequest.Earliest ? request with { From = LogStart }
                    : request.From == FetchRequest.Latest ? request with { From = _end }
                    : request;
                if (request.From < LogStart || request.From > _end)
                {
                    return new FetchResult(ErrorCode.OffsetOutOfRange, [], request.From, Bounds(), null);
                }

                var pieces = new List<ReadOnlyMemory<byte>>();
                var next = request.From;
                var bytes = 0;
                foreach (var batch in _batches)
                {
                    if (batch.Next > request.From && (bytes == 0 || bytes + batch.Size <= request.MaxBytes))
                    {
                        pieces.AddRange(batch.Pieces);
                        bytes += batch.Size;
                        next = batch.Next;
                    }
                    else if (bytes > 0)
                    {
                        break;
                    }
                }

                if (bytes >= request.MinBytes || request.MaxWait == TimeSpan.Zero)
                {
                    AbortedTransaction[] aborted = [.. Aborted.Where(one => one.FirstOffset < next)];
                    return new FetchResult(
                        ErrorCode.None, [.. pieces], next, Bounds(), null,
                        request.Isolation == IsolationLevel.ReadCommitted && aborted.Length > 0 ? aborted : null);
                }

                grown = _grown.Task;
            }

            Interlocked.Increment(ref _parked);
            try
            {
                var wait = Time is ManualTime manual ? manual.Delay(request.MaxWait, cancellation) : Task.Delay(request.MaxWait, Time, cancellation);
                if (await Task.WhenAny(grown, wait) != grown)
                {
                    cancellation.ThrowIfCancellationRequested();
                    request = request with { MaxWait = TimeSpan.Zero };
                }
            }
            finally
            {
                Interlocked.Decrement(ref _parked);
            }
        }
    }

    public async ValueTask<PartitionOffsets> Offsets()
    {
        if (BeforeOffsets is { } before && await before() is var error && error != ErrorCode.None)
        {
            return Bounds() with { Error = error };
        }

        lock (_lock)
        {
            return Exception is not null ? throw Exception : Bounds();
        }
    }

    public ValueTask<FindBatchResult> FindBatch(Timestamp timestamp)
    {
        lock (_lock)
        {
            var found = _batches.FirstOrDefault(batch => batch.Max >= timestamp && batch.Next > LogStart).Pieces ?? [];
            return ValueTask.FromResult(new FindBatchResult(ErrorCode.None, found, Bounds()));
        }
    }

    /// <summary>What each lookup by key answers, if it is an error.</summary>
    public (ErrorCode Error, string? Detail) LatestError { get; set; }

    public ValueTask<FindBatchResult> FindNewest() => throw new NotSupportedException();

    public ValueTask<EpochEndResult> EndOfEpoch(LeaderEpoch epoch, LeaderEpoch current) => throw new NotSupportedException();

    public ValueTask<LatestRecordResult> Latest(byte[] key)
    {
        lock (_lock)
        {
            var last = (Offset: Offset.None, Pieces: Array.Empty<ReadOnlyMemory<byte>>());
            foreach (var (_, _, _, pieces, _) in _batches)
            {
                var bytes = TestBatches.Join(pieces);
                RecordBatch.TryRead(bytes, out var batch);
                var reader = new RecordReader(batch, batch.Payload);
                while (reader.MoveNext())
                {
                    last = !reader.Current.KeyIsNull && key.AsSpan().SequenceEqual(reader.Current.Key) ? (reader.Current.Offset, pieces) : last;
                }
            }

            return Exception is not null ? throw Exception
                : ValueTask.FromResult(LatestError.Error != ErrorCode.None
                    ? new LatestRecordResult(LatestError.Error, [], Offset.None, Bounds(), LatestError.Detail)
                    : new LatestRecordResult(ErrorCode.None, last.Pieces, last.Offset, Bounds(), null));
        }
    }

    public async ValueTask<PartitionOffsets> DeleteRecords(Offset before, bool validateOnly)
    {
        var bounds = await Offsets();
        var to = before == Offset.None ? bounds.HighWatermark : before;
        if (bounds.Error != ErrorCode.None || to > bounds.HighWatermark)
        {
            return bounds.Error != ErrorCode.None ? bounds : bounds with { Error = ErrorCode.OffsetOutOfRange };
        }

        bounds = bounds with { LogStart = Offset.Max(to, LogStart) };
        LogStart = validateOnly ? LogStart : bounds.LogStart;
        return bounds;
    }

    public ValueTask<ErrorCode> Configure(PartitionSettings settings) => throw new NotSupportedException();

    public ValueTask<RetainResult> Retain() => throw new NotSupportedException();

    public ValueTask<ErrorCode> EndTransaction(TransactionMarker marker) => throw new NotSupportedException();

    /// <summary>The hanging transactions that were aborted.</summary>
    public List<AbortHangingRequest> AbortedHanging { get; } = [];

    /// <summary>What the partition answers when it is to abort one.</summary>
    public ErrorCode AbortAnswer { get; set; }

    public ValueTask<ErrorCode> AbortHanging(AbortHangingRequest request)
    {
        AbortedHanging.Add(request);
        return new(AbortAnswer);
    }

    public ValueTask<ErrorCode> Delete() => throw new NotSupportedException();

    /// <summary>What the partition answers when it is asked for its producers.</summary>
    public ProducersResult Described { get; set; } = new(ErrorCode.None, []);

    ValueTask<ProducersResult> IPartitionGrain.Producers() => Exception is not null ? throw Exception : new(Described);

    private SequenceVerdict Judge(ReadOnlySpan<byte> bytes, bool hasTransaction)
    {
        List<ProducedBatch> batches = [];
        for (; RecordBatch.TryRead(bytes, out var batch) == ErrorCode.None; bytes = bytes[batch.SizeInBytes..])
        {
            if (ProducedBatch.Of(batch) is { } produced)
            {
                batches.Add(produced);
            }
        }

        return batches.Count > 0 && !SupportsProducers
            ? new SequenceVerdict(ErrorCode.UnsupportedForMessageFormat, 0, Offset.None, Offset.None, Timestamp.None)
            : _machine.Judge(batches.ToArray(), hasTransaction ? Confirmed(batches[0]) : null);
    }

    // Every transaction is open, as far as its coordinator is asked.
    private static TransactionCheck Confirmed(ProducedBatch batch)
    {
        var check = new TransactionCheck(batch.Producer, batch.Epoch);
        check.Confirm(1);
        return check;
    }

    private bool IsTooLarge(ReadOnlySpan<byte> batches)
    {
        for (; RecordBatch.TryRead(batches, out var batch) == ErrorCode.None; batches = batches[batch.SizeInBytes..])
        {
            if (batch.SizeInBytes > MaxMessageBytes)
            {
                return true;
            }
        }

        return false;
    }

    private PartitionOffsets Bounds() => new(ErrorCode.None, LogStart, _end, _end, _end, Epoch, TopicVersion);

    // As the log keeps them: a stamp of its own, and the producer's bytes behind it.
    private bool Take(ReadOnlyMemory<byte> batches, int skipped = 0)
    {
        var isAny = false;
        while (!batches.IsEmpty)
        {
            Invariant.Check(RecordBatch.TryRead(batches.Span, out var batch) == ErrorCode.None);
            if (skipped-- <= 0)
            {
                isAny = true;
                var stamp = new byte[RecordBatch.StampSize];
                RecordBatch.Stamp(batch.Bytes, _end, Epoch, stamp);
                var next = _end + batch.LastOffsetDelta + 1;
                _batches.Add((_end, next, batch.MaxTimestamp, [stamp, batches[RecordBatch.StampSize..batch.SizeInBytes]], batch.SizeInBytes));
                _end = next;
                if (ProducedBatch.Of(batch) is { } produced)
                {
                    Producers.Replay(produced, next + -1, batch.MaxTimestamp);
                }
            }

            batches = batches[batch.SizeInBytes..];
        }

        return isAny;
    }
}
