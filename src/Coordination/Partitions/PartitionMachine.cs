using Loire.Model;

namespace Loire.Coordination.Partitions;

/// <summary>
/// One partition as its leader sees it: the topic's configuration, the positions of the log, and what waits for them. It is told what the
/// driver has appended and what has become durable, and says which replies to release. Steps that a driver takes:
/// <code>
///   Configure      the topic has a newer version
///   Open           the log has been read
///   Append         the log has assigned offsets; the reply is parked
///   Advance        the log or its copies have become durable further on: replies and polls are released
///   Fail           pending appends will never be durable: their replies are released
///   Park, Remove, TakeExpired, TakeAll      long polls wait, are cancelled, reach their deadline, or end with the partition
/// </code>
/// </summary>
/// <typeparam name="TReply">The driver's reply to an append.</typeparam>
/// <typeparam name="TPoll">The driver's fetch that waits for data.</typeparam>
public sealed class PartitionMachine<TReply, TPoll>
    where TReply : class
    where TPoll : LongPoll
{
    private readonly PendingAppends<TReply, TPoll> _pending = new();
    private Offset _start;
    private Offset _highWatermark;
    private Offset _durableEnd;

    /// <summary>The topic's configuration; null until the topic has been asked.</summary>
    public PartitionSettings? Settings { get; private set; }

    /// <summary>The version of the topic that the partition acts on; 0 until the topic has been asked.</summary>
    public long TopicVersion => Settings?.Version ?? 0;

    /// <summary>The positions of the log; all zero until it is open. There are no transactions yet, so all that is committed is stable.</summary>
    public PartitionPositions Positions => new(_start, _highWatermark, _highWatermark, _durableEnd, _pending.End ?? _durableEnd);

    /// <summary>
    /// A count of committed bytes, to say how far a poll's need lies ahead: it grows by at least the bytes that the high watermark passes.
    /// </summary>
    public long CommittedBytes => _pending.CommittedBytes;

    /// <summary>Polls that wait now.</summary>
    public int WaitingPolls => _pending.Polls.Count;

    /// <summary>When the first poll must be answered; null if none waits.</summary>
    public TimeSpan? NextDeadline => _pending.Polls.NextDeadline;

    /// <summary>Takes over the topic's configuration unless a newer one is known.</summary>
    public void Configure(PartitionSettings settings)
    {
        if (settings.Version > TopicVersion)
        {
            Settings = settings;
        }
    }

    /// <summary>Takes over the positions of the log as it was read.</summary>
    public void Open(Offset start, Offset highWatermark, Offset durableEnd)
    {
        (_start, _highWatermark, _durableEnd) = (start, highWatermark, durableEnd);
        AssertInvariants();
    }

    /// <summary>Parks the reply of an append that has its offsets.</summary>
    /// <param name="baseOffset">The offset of its first record: the end of the log so far.</param>
    /// <param name="nextOffset">The offset after its last record.</param>
    /// <param name="bytes">The bytes of its batches.</param>
    /// <param name="acks">What the reply waits for.</param>
    /// <param name="reply">The reply; null with acks=0.</param>
    public void Append(Offset baseOffset, Offset nextOffset, int bytes, Acks acks, TReply? reply)
    {
        Invariant.Check(baseOffset == Positions.End && baseOffset < nextOffset, "an append starts where the log ends");
        Invariant.Check(reply is null == (acks == Acks.None), "only acks=0 has no reply");
        _pending.Add(baseOffset, nextOffset, bytes, acks, reply);
        AssertInvariants();
    }

    /// <summary>Takes note that the log has become durable or committed further on. Neither position ever goes back.</summary>
    /// <param name="highWatermark">The high watermark now; at most <paramref name="durableEnd"/>.</param>
    /// <param name="durableEnd">The end of the leader's own durable copy now.</param>
    /// <param name="acknowledged">Receives the appends that are to be acknowledged, in the order of their offsets.</param>
    /// <returns>The polls that have enough bytes now, in the order of their need; no longer parked.</returns>
    public List<TPoll> Advance(Offset highWatermark, Offset durableEnd, List<Acknowledgement<TReply>> acknowledged)
    {
        Invariant.Check(highWatermark >= _highWatermark && durableEnd >= _durableEnd, "what is durable stays so");
        _pending.Advance(_highWatermark, highWatermark, durableEnd, acknowledged);
        (_highWatermark, _durableEnd) = (highWatermark, durableEnd);
        AssertInvariants();
        return _pending.Polls.TakeSatisfied(_pending.CommittedBytes);
    }

    /// <summary>Takes note that the appends from one offset to another will never be durable; their offsets may be assigned again.</summary>
    /// <param name="from">The first offset concerned; at or after the durable end.</param>
    /// <param name="end">The offset after the last one.</param>
    /// <param name="failed">Receives the appends, in the order of their offsets.</param>
    public void Fail(Offset from, Offset end, List<Acknowledgement<TReply>> failed)
    {
        Invariant.Check(from >= _durableEnd, "what is durable does not fail");
        _pending.Remove(from, end, failed);
        AssertInvariants();
    }

    /// <summary>Whether an offset may be read or waited for: <see cref="ErrorCode.OffsetOutOfRange"/> outside the log.</summary>
    public ErrorCode CheckRead(Offset from) =>
        from < _start || from > Positions.End ? ErrorCode.OffsetOutOfRange : ErrorCode.None;

    /// <summary>Parks a poll until so many bytes are committed.</summary>
    /// <param name="poll">The poll; parked once at a time.</param>
    /// <param name="need">The <see cref="CommittedBytes"/> that satisfy it; more than there are.</param>
    public void Park(TPoll poll, long need)
    {
        Invariant.Check(need > CommittedBytes, "a poll waits only for what is missing");
        _pending.Polls.Add(poll, need);
    }

    /// <summary>Takes out a poll; false if it is not parked.</summary>
    public bool Remove(TPoll poll) => _pending.Polls.Remove(poll);

    /// <summary>Takes out the polls whose deadline has come.</summary>
    public List<TPoll> TakeExpired(TimeSpan now) => _pending.Polls.TakeExpired(now);

    /// <summary>Takes out every poll.</summary>
    public List<TPoll> TakeAll() => _pending.Polls.TakeSatisfied(long.MaxValue);

    private void AssertInvariants() => Positions.AssertInvariants();
}
