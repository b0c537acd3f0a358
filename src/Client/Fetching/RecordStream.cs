using System.Diagnostics.CodeAnalysis;
using Loire.Model;
using Loire.Model.Batches;

namespace Loire.Client;

/// <summary>
/// The records of all partitions in delivery order: a batch of each partition in turn. A record is peeked at, taken, and then confirmed,
/// which advances the position; if the partition was sought, paused or revoked meanwhile, the record is discarded instead. Used by one
/// enumeration at a time.
/// </summary>
internal sealed class RecordStream(PartitionSet set, ClientMetrics metrics) : IDisposable
{
    private readonly BatchDecoder _decoder = new();
    private AssignedPartition? _partition;
    private FetchedBatches? _batches;
    private int _epoch;
    private bool _isOpen;

    // The position once the taken records are confirmed.
    private Offset _reached;
    private bool _isBeyondBatch;
    private long _confirmed;
    private long _taken;

    /// <summary>The partition of the record that <see cref="TryPeek"/> found.</summary>
    public TopicPartition Partition => _partition!.Partition;

    /// <summary>The position once the taken records are confirmed.</summary>
    public Offset Reached => _reached;

    /// <summary>Whether records were taken and neither confirmed nor put back.</summary>
    public bool IsUnconfirmed { get; private set; }

    /// <summary>The records of the open batch, which a frame refers to.</summary>
    public ReadOnlyMemory<byte> Records => _decoder.Records;

    /// <summary>Finds the next record.</summary>
    /// <param name="frame">The record.</param>
    /// <param name="arrival">If there is none, completes when there may be one.</param>
    /// <exception cref="ConsumeException">The partition whose turn it is cannot be read.</exception>
    public bool TryPeek(out RecordFrame frame, out Task arrival)
    {
        while (TryOpen(out arrival))
        {
            if (_decoder.TryPeek(out frame, out var error))
            {
                return true;
            }

            if (!TryEndBatch(error))
            {
                break;
            }
        }

        frame = default;
        return false;
    }

    /// <summary>Takes the record that was found.</summary>
    public void Take(Offset offset)
    {
        _decoder.Advance();
        Took(offset, 1);
    }

    /// <summary>Takes the records of the next batch undecoded.</summary>
    /// <param name="slice">The records.</param>
    /// <param name="arrival">If there are none, completes when there may be some.</param>
    /// <exception cref="ConsumeException">The partition whose turn it is cannot be read.</exception>
    public bool TryTakeSlice([NotNullWhen(true)] out RecordSlice? slice, out Task arrival)
    {
        while (TryOpen(out arrival))
        {
            if (_decoder.TryTakeSlice(out slice, out var error))
            {
                Took(slice.LastOffset, slice.Count);
                return true;
            }

            if (!TryEndBatch(error))
            {
                break;
            }
        }

        slice = null;
        return false;
    }

    /// <summary>Confirms all records taken since the last confirmation. If false, the caller must discard all of them.</summary>
    public bool TryConfirm()
    {
        if (!set.TryAdvance(_partition!, _epoch, _reached, isHandedOut: true))
        {
            Abandon();
            return false;
        }

        _confirmed += _taken;
        _taken = 0;
        IsUnconfirmed = false;
        _isBeyondBatch = false;
        return true;
    }

    /// <summary>Puts back the unconfirmed records and lets other partitions go first.</summary>
    public void Abandon()
    {
        if (_partition is { } partition)
        {
            if (_isBeyondBatch)
            {
                set.Refetch(partition, _epoch);
            }
            else if (_isOpen)
            {
                _batches!.PutBack();
            }
        }

        _taken = 0;
        IsUnconfirmed = _isBeyondBatch = false;
        Close();
    }

    /// <summary>Reports how many records were handed out to the metrics.</summary>
    public void Report()
    {
        if (_confirmed > 0)
        {
            metrics.Consumed(Partition, _confirmed);
        }

        _confirmed = 0;
    }

    public void Dispose() => _decoder.Dispose();

    /// <summary>Opens the next batch, unless one is open.</summary>
    private bool TryOpen(out Task arrival)
    {
        arrival = Task.CompletedTask;
        if (_isOpen && !IsUnconfirmed && !_partition!.MayHandOut(_epoch))
        {
            Abandon();
        }

        while (!_isOpen)
        {
            // All unconfirmed records must be from one partition.
            if (!set.TryPick(IsUnconfirmed ? _partition : null, out var found, out arrival) || (IsUnconfirmed && found.Epoch != _epoch))
            {
                return false;
            }

            var opened = Open(found);
            if (opened == ErrorCode.None)
            {
                continue;
            }

            if (!IsUnconfirmed)
            {
                throw Unreadable(opened);
            }

            // Deliver the taken records first; the error recurs when the batch is opened again.
            _batches!.PutBack();
            Close();
            return false;
        }

        return true;
    }

    private void Took(Offset last, int count)
    {
        _reached = last + 1;
        IsUnconfirmed = true;
        _taken += count;
    }

    private ErrorCode Open((AssignedPartition Partition, int Epoch, FetchedBatches Batches, Offset Position) found)
    {
        if (!IsUnconfirmed)
        {
            Report();
            _reached = found.Position;
        }

        (_partition, _epoch, _batches) = (found.Partition, found.Epoch, found.Batches);
        if (_batches.IsReset)
        {
            return Reset(_batches.NextOffset);
        }

        if (_batches.TryTake(out var batch, out var pooled))
        {
            _isOpen = true;
            return _decoder.Open(batch, pooled, _reached);
        }

        set.Finish(_partition, _epoch);
        Reach(_batches.NextOffset);
        return ErrorCode.None;
    }

    // Like an error, a reset takes effect once the records taken before are confirmed.
    private ErrorCode Reset(Offset to)
    {
        if (IsUnconfirmed)
        {
            return ErrorCode.OffsetOutOfRange;
        }

        if (set.TryAdvance(_partition!, _epoch, to, isHandedOut: false))
        {
            _reached = to;
            set.Finish(_partition!, _epoch);
        }

        return ErrorCode.None;
    }

    /// <summary>Ends a batch that has no further records. False if it is corrupt and the records before the damage must be confirmed
    /// first.</summary>
    private bool TryEndBatch(ErrorCode error)
    {
        if (error != ErrorCode.None)
        {
            return IsUnconfirmed ? false : throw Unreadable(error);
        }

        var next = _decoder.NextOffset;
        _isBeyondBatch = IsUnconfirmed;
        Close();
        Reach(next);
        return true;
    }

    // Without unconfirmed records, for example after a control batch, no confirmation follows.
    private void Reach(Offset next)
    {
        _reached = Offset.Max(_reached, next);
        if (!IsUnconfirmed)
        {
            set.TryAdvance(_partition!, _epoch, _reached, isHandedOut: false);
        }
    }

    private ConsumeException Unreadable(ErrorCode error)
    {
        var (from, next, partition) = (_reached, _decoder.NextOffset, _partition!);
        Close();

        // Fetching again repairs corruption in transit; corruption in the log remains, and the caller can seek past it.
        set.Refetch(partition, _epoch);
        var hint = next > from ? $" Seek to {next} to go on behind it." : "";
        return new ConsumeException(
            error,
            new TopicPartitionOffset(partition.Partition, from),
            $"The records of {partition.Partition} from offset {from} on cannot be decoded.{hint}");
    }

    private void Close()
    {
        _decoder.Close();
        _isOpen = false;
    }
}
