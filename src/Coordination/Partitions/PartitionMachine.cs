using Loire.Coordination.Producers;
using Loire.Model;

namespace Loire.Coordination.Partitions;

/// <summary>
/// One partition as its leader sees it: the topic's configuration, the positions of the log, and the appends and polls that wait for them.
/// The driver reports what it has appended and what has become durable; the machine returns the replies to release. The driver calls:
/// <code>
///   Configure      the topic has a newer version
///   Open           the log has been read
///   Judge          batches of idempotent producers arrive, or the end of a transaction
///   Append         the log has assigned offsets; parks the reply
///   Repeat         an append repeats one that is in the log, or under way; parks the reply for as long
///   Advance        the durable end or the high watermark has advanced; releases replies and polls
///   MoveStart      records at the beginning were deleted
///   Learn          what the log says of its producers is known up to an offset
///   Fail           pending appends will never be durable; releases their replies
///   Park, Remove, TakeExpired, TakeAll      long polls wait, are cancelled, reach their deadline, or end with the partition
/// </code>
/// </summary>
/// <typeparam name="TReply">The driver's reply to an append.</typeparam>
/// <typeparam name="TPoll">The driver's waiting fetch.</typeparam>
public sealed class PartitionMachine<TReply, TPoll>
    where TReply : class
    where TPoll : LongPoll
{
    private readonly PendingAppends<TReply, TPoll> _pending = new();
    private readonly List<Retry> _retries = [];
    private readonly LongPolls<TPoll> _stablePolls = new();
    private Offset _start;
    private Offset _highWatermark;
    private Offset _durableEnd;
    private Offset _knownTo;
    private Offset _lastStable;
    private long _stableBytes;
    private long _committedWhenStable;

    private readonly record struct Retry(TReply Reply, Offset BaseOffset, Offset NextOffset, bool AwaitsCopies)
    {
        public Acknowledgement<TReply> Acknowledgement => new(Reply, BaseOffset, NextOffset, 0, IsRetry: true);
    }

    /// <summary>What is known of idempotent producers.</summary>
    public ProducerTable Producers { get; } = new(Limits.ProducersPerPartition);

    /// <summary>The topic's configuration; null until it is known.</summary>
    public PartitionSettings? Settings { get; private set; }

    /// <summary>The version of the topic's configuration in use; 0 until it is known.</summary>
    public long TopicVersion => Settings?.Version ?? 0;

    /// <summary>
    /// The positions of the log; all zero until it is open. No transaction that is known is open before the last stable offset, which is at most
    /// <see cref="KnownTo"/>; without open transactions it is the high watermark.
    /// </summary>
    public PartitionPositions Positions => new(_start, _lastStable, _highWatermark, _durableEnd, _pending.End ?? _durableEnd);

    /// <summary>Up to where it is known which transactions are open and which were aborted: all of the log while the partition leads.</summary>
    public Offset KnownTo => _knownTo;

    /// <summary>Whether the last stable offset is that of the whole log.</summary>
    public bool IsStableKnown => _knownTo >= _highWatermark;

    /// <summary>The number of parked polls.</summary>
    public int WaitingPolls => _pending.Polls.Count + _stablePolls.Count;

    /// <summary>The earliest deadline of the parked polls; null without any.</summary>
    public TimeSpan? NextDeadline =>
        _pending.Polls.NextDeadline is { } first && !(_stablePolls.NextDeadline < first) ? first : _stablePolls.NextDeadline;

    /// <summary>
    /// A counter of readable bytes, relative to which polls state their need. It grows by at least the bytes that the limit of readers passes.
    /// </summary>
    public long ReadableBytes(IsolationLevel isolation) => isolation == IsolationLevel.ReadCommitted ? _stableBytes : _pending.CommittedBytes;

    /// <summary>Where reading ends: at the last stable offset or at the high watermark.</summary>
    public Offset ReadLimit(IsolationLevel isolation) => isolation == IsolationLevel.ReadCommitted ? _lastStable : _highWatermark;

    /// <summary>Adopts the topic's configuration unless a newer one is known.</summary>
    public void Configure(PartitionSettings settings)
    {
        if (settings.Version > TopicVersion)
        {
            Settings = settings;
        }
    }

    /// <summary>Sets the positions of the log that has been read.</summary>
    public void Open(Offset start, Offset highWatermark, Offset durableEnd)
    {
        (_start, _highWatermark, _durableEnd) = (start, highWatermark, durableEnd);
        (_knownTo, _lastStable) = (start, start);
        AssertInvariants();
    }

    /// <summary>It is known up to an offset what the log says of its producers; <see cref="Producers"/> has it.</summary>
    /// <param name="to">The offset: the end of the log, or beyond every offset while the partition leads.</param>
    /// <returns>The polls that are now satisfied; no longer parked.</returns>
    public List<TPoll> Learn(Offset to)
    {
        _knownTo = Offset.Max(_knownTo, to);
        List<TPoll> satisfied = [];
        MoveLastStable(satisfied);
        AssertInvariants();
        return satisfied;
    }

    /// <summary>Judges the batches of an append, which all have a producer id, against those before them.</summary>
    /// <param name="batches">The batches in their order.</param>
    /// <param name="check">What the coordinator said of their transaction, if it was asked.</param>
    /// <returns>How many of the first ones repeat batches of the log, and where those lie. <see cref="ErrorCode.OutOfOrderSequenceNumber"/> also if a batch
    /// repeats another after a new one, because a client repeats its oldest batches, or if repeated ones do not follow each other in the log.
    /// For keyed producers see <see cref="ProducerTable.JudgeKeyed"/>.</returns>
    public SequenceVerdict Judge(ReadOnlySpan<ProducedBatch> batches, TransactionCheck? check)
    {
        if (batches is [{ IsKeyed: true }, ..])
        {
            return Producers.JudgeKeyed(batches);
        }

        var verdict = Forgotten(batches, check);
        for (var i = verdict.Repeated; i < batches.Length; i++)
        {
            var error = Producers.Check(batches[i], batches[verdict.Repeated..i], check, out var original);

            // The answer has one range of offsets for all that is repeated: what lies apart is sent again apart.
            var isApart = original is not null && (verdict.Repeated < i
                || (verdict.NextOffset != Offset.None && original.Value.BaseOffset != verdict.NextOffset));
            if (error != ErrorCode.None || isApart)
            {
                return verdict with { Error = error != ErrorCode.None ? error : ErrorCode.OutOfOrderSequenceNumber };
            }

            if (original is { } known)
            {
                verdict = verdict with
                {
                    Repeated = i + 1,
                    BaseOffset = verdict.BaseOffset == Offset.None ? known.BaseOffset : verdict.BaseOffset,
                    NextOffset = known.LastOffset + 1,
                    MaxTimestamp = known.MaxTimestamp > verdict.MaxTimestamp ? known.MaxTimestamp : verdict.MaxTimestamp,
                };
            }
        }

        return verdict;
    }

    /// <summary>
    /// The first batches of an append that are no longer remembered, if they are directly before one that is: an append may have more batches than are
    /// remembered, and the log takes an append as a whole, so when its last batches are there, the others are before them.
    /// </summary>
    private SequenceVerdict Forgotten(ReadOnlySpan<ProducedBatch> batches, TransactionCheck? check)
    {
        var none = new SequenceVerdict(ErrorCode.None, 0, Offset.None, Offset.None, Timestamp.None);
        if (batches.Length <= ProducerTable.Window || Producers.Check(batches[0], [], check, out _) != ErrorCode.OutOfOrderSequenceNumber)
        {
            return none;
        }

        var offsets = (long)batches[0].Offsets;
        for (var i = 1; i < batches.Length && batches[i].Continues(batches[i - 1]); i++)
        {
            if (Producers.Check(batches[i], [], check, out var original) == ErrorCode.None && original is { } known)
            {
                return known.BaseOffset.Value < offsets ? none : none with { Repeated = i, BaseOffset = known.BaseOffset + -offsets };
            }

            offsets += batches[i].Offsets;
        }

        return none;
    }

    /// <summary>Parks the reply of an append that repeats another until that has its acknowledgement.</summary>
    /// <param name="verdict">What it repeats.</param>
    /// <param name="acks">What the reply waits for.</param>
    /// <param name="reply">The reply.</param>
    /// <returns>False if there is nothing to wait for.</returns>
    public bool Repeat(in SequenceVerdict verdict, Acks acks, TReply reply) => Await(verdict.BaseOffset, verdict.NextOffset, acks, reply);

    /// <summary>Parks the reply to a marker that repeats another until that has its acknowledgement.</summary>
    /// <param name="next">The offset after what must be acknowledged.</param>
    /// <param name="reply">The reply.</param>
    /// <returns>False if there is nothing to wait for.</returns>
    public bool Confirm(Offset next, TReply reply) => Await(next + -1, next, Acks.All, reply);

    /// <summary>Parks the reply of an append to which the log has assigned offsets.</summary>
    /// <param name="baseOffset">The offset of its first record: the end of the log so far.</param>
    /// <param name="nextOffset">The offset after its last record.</param>
    /// <param name="bytes">The size of its batches, in bytes.</param>
    /// <param name="acks">What the reply waits for.</param>
    /// <param name="reply">The reply; null with acks=0.</param>
    public void Append(Offset baseOffset, Offset nextOffset, int bytes, Acks acks, TReply? reply)
    {
        Invariant.Check(baseOffset == Positions.End && baseOffset < nextOffset, "an append starts where the log ends");
        Invariant.Check(reply is null == (acks == Acks.None), "only acks=0 has no reply");
        _pending.Add(baseOffset, nextOffset, bytes, acks, reply);
        AssertInvariants();
    }

    /// <summary>Advances the high watermark and the durable end. Neither position ever decreases.</summary>
    /// <param name="highWatermark">The high watermark now; at most <paramref name="durableEnd"/>.</param>
    /// <param name="durableEnd">The end of the leader's own durable copy now.</param>
    /// <param name="acknowledged">Receives the appends to acknowledge, in offset order.</param>
    /// <returns>The polls that are now satisfied, in the order of their need; no longer parked.</returns>
    public List<TPoll> Advance(Offset highWatermark, Offset durableEnd, List<Acknowledgement<TReply>> acknowledged)
    {
        Invariant.Check(highWatermark >= _highWatermark && durableEnd >= _durableEnd, "what is durable stays so");
        _pending.Advance(_highWatermark, highWatermark, durableEnd, acknowledged);
        (_highWatermark, _durableEnd) = (highWatermark, durableEnd);
        Producers.Advance(highWatermark);
        Release(retry => retry.NextOffset <= (retry.AwaitsCopies ? highWatermark : durableEnd), acknowledged);
        var satisfied = _pending.Polls.TakeSatisfied(_pending.CommittedBytes);
        MoveLastStable(satisfied);
        AssertInvariants();
        return satisfied;
    }

    /// <summary>Moves the first readable offset forward, at most to the high watermark.</summary>
    public void MoveStart(Offset start)
    {
        Invariant.Check(start >= _start, "what was deleted stays so");
        _start = start;
        _lastStable = Offset.Max(_lastStable, start);
        Producers.Aborted.Trim(start);
        AssertInvariants();
    }

    /// <summary>Removes appends that will never be durable; their offsets may be assigned again.</summary>
    /// <param name="from">The first offset concerned, inclusive; at or after the durable end.</param>
    /// <param name="end">The end of the range, exclusive.</param>
    /// <param name="failed">Receives the failed appends, in offset order.</param>
    public void Fail(Offset from, Offset end, List<Acknowledgement<TReply>> failed)
    {
        Invariant.Check(from >= _durableEnd, "what is durable does not fail");
        _pending.Remove(from, end, failed);
        Producers.Fail(from);
        Release(retry => retry.NextOffset > from, failed);
        AssertInvariants();
    }

    /// <summary>Whether an offset may be read or waited for: <see cref="ErrorCode.OffsetOutOfRange"/> outside the log.</summary>
    public ErrorCode CheckRead(Offset from) =>
        from < _start || from > Positions.End ? ErrorCode.OffsetOutOfRange : ErrorCode.None;

    /// <summary>Parks a poll until enough bytes are committed.</summary>
    /// <param name="poll">The poll; not parked already.</param>
    /// <param name="need">The <see cref="ReadableBytes"/> that satisfy it; more than the current count.</param>
    public void Park(TPoll poll, long need)
    {
        Invariant.Check(need > ReadableBytes(poll.Isolation), "a poll waits only for what is missing");
        PollsOf(poll).Add(poll, need);
    }

    /// <summary>Removes a poll; false if it is not parked.</summary>
    public bool Remove(TPoll poll) => PollsOf(poll).Remove(poll);

    /// <summary>Removes and returns the polls whose deadline has passed.</summary>
    public List<TPoll> TakeExpired(TimeSpan now) => [.. _pending.Polls.TakeExpired(now), .. _stablePolls.TakeExpired(now)];

    /// <summary>Removes and returns all polls.</summary>
    public List<TPoll> TakeAll() => [.. _pending.Polls.TakeSatisfied(long.MaxValue), .. _stablePolls.TakeSatisfied(long.MaxValue)];

    private LongPolls<TPoll> PollsOf(TPoll poll) => poll.Isolation == IsolationLevel.ReadCommitted ? _stablePolls : _pending.Polls;

    private bool Await(Offset baseOffset, Offset nextOffset, Acks acks, TReply reply)
    {
        if (nextOffset <= (acks == Acks.All ? _highWatermark : _durableEnd))
        {
            return false;
        }

        _retries.Add(new Retry(reply, baseOffset, nextOffset, AwaitsCopies: acks == Acks.All));
        return true;
    }

    /// <summary>Moves the last stable offset to where it belongs now, and counts at least the bytes that it passes.</summary>
    private void MoveLastStable(List<TPoll> satisfied)
    {
        var limit = Offset.Min(_highWatermark, Offset.Min(_knownTo, Producers.FirstOpen ?? _highWatermark));
        if (limit <= _lastStable)
        {
            return;
        }

        _lastStable = limit;
        _stableBytes += _pending.CommittedBytes - _committedWhenStable;
        _committedWhenStable = limit == _highWatermark ? _pending.CommittedBytes : _committedWhenStable;
        satisfied.AddRange(_stablePolls.TakeSatisfied(_stableBytes));
    }

    private void Release(Predicate<Retry> ends, List<Acknowledgement<TReply>> released)
    {
        if (_retries.Count > 0)
        {
            released.AddRange(_retries.FindAll(ends).Select(retry => retry.Acknowledgement));
            _retries.RemoveAll(ends);
        }
    }

    private void AssertInvariants() => Positions.AssertInvariants();
}
