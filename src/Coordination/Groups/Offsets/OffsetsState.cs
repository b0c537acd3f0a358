using System.Text;
using Loire.Model;
using Loire.Model.Groups;

namespace Loire.Coordination.Groups.Offsets;

/// <summary>The offsets of one group, committed and pending, built from its records.</summary>
public sealed class OffsetsState
{
    private const int BytesEach = 64;

    private readonly Dictionary<TopicPartition, CommittedOffset> _offsets = [];
    private long _bytes;

    /// <summary>When the group lost its last member; <see cref="Timestamp.None"/> if it never had one.</summary>
    public Timestamp EmptiedAt { get; private set; } = Timestamp.None;

    /// <summary>The number of partitions that have an offset.</summary>
    public int Count => _offsets.Count;

    /// <summary>The offsets that count once their transactions commit.</summary>
    public PendingOffsets Pending { get; } = new();

    /// <summary>The approximate size of a snapshot, in bytes.</summary>
    public long Bytes => _bytes + Pending.Bytes;

    /// <summary>All offsets, in no particular order.</summary>
    public IReadOnlyCollection<CommittedOffset> All => _offsets.Values;

    /// <summary>Finds the offset of a partition.</summary>
    public bool TryGet(TopicPartition partition, out CommittedOffset offset) => _offsets.TryGetValue(partition, out offset);

    /// <summary>Applies one record, live or replayed.</summary>
    public void Apply(OffsetsRecord record)
    {
        switch (record)
        {
            case OffsetsRecord.Committed committed:
                Store(committed.Offsets);
                foreach (var offset in committed.Offsets)
                {
                    Pending.Overtake(offset.Partition);
                }

                break;
            case OffsetsRecord.Removed removed:
                foreach (var partition in removed.Partitions)
                {
                    Remove(partition);
                    Pending.Vacate(partition);
                }

                break;
            case OffsetsRecord.Emptied emptied:
                EmptiedAt = emptied.At;
                break;
            case OffsetsRecord.Snapshot snapshot:
                Invariant.Check(Count == 0 && EmptiedAt == Timestamp.None, "a snapshot comes first");
                EmptiedAt = snapshot.EmptiedAt;
                Store(snapshot.Offsets);
                Pending.Restore(snapshot.Pending, snapshot.NextOrder);
                break;
            case OffsetsRecord.Pended pended:
                Pending.Store(pended.Transaction, pended.Offsets);
                break;
            case OffsetsRecord.Ended ended:
                Store(CommittedBy(ended));
                Pending.End(ended.End);
                break;
        }
    }

    /// <summary>The offsets that the end of a transaction commits; to be asked before it is applied.</summary>
    public IReadOnlyList<CommittedOffset> CommittedBy(OffsetsRecord.Ended ended) =>
        Pending.Committed(ended.End).ConvertAll(offset => offset with { CommittedAt = ended.At });

    /// <summary>The whole state as one record.</summary>
    public OffsetsRecord Snapshot()
    {
        var (pending, nextOrder) = Pending.Snapshot();
        return new OffsetsRecord.Snapshot(EmptiedAt, [.. _offsets.Values], pending, nextOrder);
    }

    /// <summary>The approximate size of an offset, in bytes.</summary>
    internal static int BytesOf(CommittedOffset offset) =>
        BytesEach + offset.Partition.Topic.Value.Length + Encoding.UTF8.GetByteCount(offset.Metadata);

    private void Store(IReadOnlyList<CommittedOffset> offsets)
    {
        foreach (var offset in offsets)
        {
            Remove(offset.Partition);
            _offsets.Add(offset.Partition, offset);
            _bytes += BytesOf(offset);
        }
    }

    private void Remove(TopicPartition partition)
    {
        if (_offsets.Remove(partition, out var old))
        {
            _bytes -= BytesOf(old);
        }

        Invariant.Check(_bytes >= 0 && (Count > 0 || _bytes == 0), "no offsets take no bytes");
    }
}
