using Loire.Model;

namespace Loire.Coordination.Partitions;

/// <summary>
/// What waits for the log to reach an offset, in the order of the offsets. An append waits there for its acknowledgement: with acks=1 for the
/// durable end, with acks=all for the high watermark. A long poll waits for bytes; the appends that the high watermark passes say how many
/// bytes an offset stands for, so one advance releases both.
/// <code>
///        high watermark        durable end              end
///   committed | durable, waits for copies | waits for storage |
///             ^ _committed                ^ _durable          ^ _appends.Count
/// </code>
/// </summary>
internal sealed class PendingAppends<TReply, TPoll>
    where TReply : class
    where TPoll : LongPoll
{
    // Entries before the first cursor are removed in one go, so that each costs one move at most.
    private const int RemovedAtOnce = 64;

    private readonly List<ParkedAppend> _appends = [];
    private int _committed;
    private int _durable;

    private readonly record struct ParkedAppend(TReply? Reply, Offset BaseOffset, Offset NextOffset, int Bytes, bool AwaitsCopies)
    {
        public Acknowledgement<TReply> Acknowledgement => new(Reply, BaseOffset, NextOffset, Bytes);
    }

    /// <summary>Polls that wait for bytes.</summary>
    public LongPolls<TPoll> Polls { get; } = new();

    /// <summary>
    /// Bytes that have been committed since the partition was opened. Where their number is unknown, because an earlier leader appended
    /// them, they count as many as any poll can wait for.
    /// </summary>
    public long CommittedBytes { get; private set; }

    /// <summary>The offset after the last append that waits; null if none does.</summary>
    public Offset? End => _appends.Count > _committed ? _appends[^1].NextOffset : null;

    /// <summary>Adds an append at the end.</summary>
    public void Add(Offset baseOffset, Offset nextOffset, int bytes, Acks acks, TReply? reply) =>
        _appends.Add(new ParkedAppend(reply, baseOffset, nextOffset, bytes, AwaitsCopies: acks == Acks.All));

    /// <summary>Acknowledges, in the order of the offsets, what has become durable or committed.</summary>
    /// <param name="committed">The high watermark before the advance.</param>
    /// <param name="highWatermark">The high watermark now.</param>
    /// <param name="durableEnd">The durable end now.</param>
    /// <param name="acknowledged">Receives the appends.</param>
    public void Advance(Offset committed, Offset highWatermark, Offset durableEnd, List<Acknowledgement<TReply>> acknowledged)
    {
        while (_committed < _appends.Count && _appends[_committed].NextOffset <= highWatermark)
        {
            var append = _appends[_committed];
            if (_committed == _durable || append.AwaitsCopies)
            {
                acknowledged.Add(append.Acknowledgement);
            }

            _durable = Math.Max(_durable, ++_committed);
            CommittedBytes += append.BaseOffset == committed ? append.Bytes : Limits.FetchBytes;
            committed = append.NextOffset;
        }

        for (; _durable < _appends.Count && _appends[_durable].NextOffset <= durableEnd; _durable++)
        {
            if (!_appends[_durable].AwaitsCopies)
            {
                acknowledged.Add(_appends[_durable].Acknowledgement);
            }
        }

        CommittedBytes += committed < highWatermark ? Limits.FetchBytes : 0;
        Compact();
    }

    /// <summary>Takes out the appends from one offset to another; they were never durable.</summary>
    public void Remove(Offset from, Offset end, List<Acknowledgement<TReply>> removed)
    {
        var first = _durable;
        while (first < _appends.Count && _appends[first].BaseOffset < from)
        {
            first++;
        }

        var next = first;
        for (; next < _appends.Count && _appends[next].NextOffset <= end; next++)
        {
            removed.Add(_appends[next].Acknowledgement);
        }

        _appends.RemoveRange(first, next - first);
        Compact();
    }

    private void Compact()
    {
        if (_committed == _appends.Count || _committed >= Math.Max(RemovedAtOnce, _appends.Count / 2))
        {
            _appends.RemoveRange(0, _committed);
            _durable -= _committed;
            _committed = 0;
        }
    }
}
