using Loire.Model;

namespace Loire.Coordination.Partitions;

/// <summary>
/// The appends and long polls that wait for the log to advance. Appends wait in offset order for their acknowledgement: with acks=1 for the
/// durable end, with acks=all for the high watermark. Long polls wait for committed bytes, which are counted as the high watermark passes
/// the appends, so a single advance releases both.
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
    // Entries before the first cursor are removed in bulk, so that each entry is moved at most once on average.
    private const int RemovedAtOnce = 64;

    private readonly List<ParkedAppend> _appends = [];
    private int _committed;
    private int _durable;

    private readonly record struct ParkedAppend(TReply? Reply, Offset BaseOffset, Offset NextOffset, int Bytes, bool AwaitsCopies)
    {
        public Acknowledgement<TReply> Acknowledgement => new(Reply, BaseOffset, NextOffset, Bytes);
    }

    /// <summary>The parked long polls.</summary>
    public LongPolls<TPoll> Polls { get; } = new();

    /// <summary>
    /// Bytes committed since the partition was opened. A range of unknown size, appended by an earlier leader, counts as the maximum that a
    /// poll can wait for.
    /// </summary>
    public long CommittedBytes { get; private set; }

    /// <summary>The offset after the last pending append; null without any.</summary>
    public Offset? End => _appends.Count > _committed ? _appends[^1].NextOffset : null;

    /// <summary>Adds an append at the end.</summary>
    public void Add(Offset baseOffset, Offset nextOffset, int bytes, Acks acks, TReply? reply) =>
        _appends.Add(new ParkedAppend(reply, baseOffset, nextOffset, bytes, AwaitsCopies: acks == Acks.All));

    /// <summary>Acknowledges appends that have become durable or committed, in offset order.</summary>
    /// <param name="committed">The high watermark before the advance.</param>
    /// <param name="highWatermark">The high watermark now.</param>
    /// <param name="durableEnd">The durable end now.</param>
    /// <param name="acknowledged">Receives the acknowledged appends.</param>
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

    /// <summary>Removes the appends from one offset (inclusive) to another (exclusive), none of which is durable.</summary>
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
