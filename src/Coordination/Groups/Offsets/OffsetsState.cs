using System.Text;
using Loire.Model;
using Loire.Model.Groups;

namespace Loire.Coordination.Groups.Offsets;

/// <summary>The committed offsets of one group, made of nothing but its records.</summary>
public sealed class OffsetsState
{
    private const int BytesEach = 64;

    private readonly Dictionary<TopicPartition, CommittedOffset> _offsets = [];

    /// <summary>When the group lost its last member; none if it never had one.</summary>
    public Timestamp EmptiedAt { get; private set; } = Timestamp.None;

    /// <summary>How many partitions have an offset.</summary>
    public int Count => _offsets.Count;

    /// <summary>About how many bytes a snapshot takes.</summary>
    public long Bytes { get; private set; }

    /// <summary>Every offset, in no order.</summary>
    public IReadOnlyCollection<CommittedOffset> All => _offsets.Values;

    /// <summary>The offset of a partition.</summary>
    public bool TryGet(TopicPartition partition, out CommittedOffset offset) => _offsets.TryGetValue(partition, out offset);

    /// <summary>Changes the offsets by one record, live or replayed.</summary>
    public void Apply(OffsetsRecord record)
    {
        switch (record)
        {
            case OffsetsRecord.Committed committed:
                Store(committed.Offsets);
                break;
            case OffsetsRecord.Removed removed:
                foreach (var partition in removed.Partitions)
                {
                    Remove(partition);
                }

                break;
            case OffsetsRecord.Emptied emptied:
                EmptiedAt = emptied.At;
                break;
            case OffsetsRecord.Snapshot snapshot:
                Invariant.Check(Count == 0 && EmptiedAt == Timestamp.None, "a snapshot comes first");
                EmptiedAt = snapshot.EmptiedAt;
                Store(snapshot.Offsets);
                break;
        }
    }

    /// <summary>All of it as one record.</summary>
    public OffsetsRecord Snapshot() => new OffsetsRecord.Snapshot(EmptiedAt, [.. _offsets.Values]);

    /// <summary>About how many bytes an offset takes.</summary>
    internal static int BytesOf(CommittedOffset offset) =>
        BytesEach + offset.Partition.Topic.Value.Length + Encoding.UTF8.GetByteCount(offset.Metadata);

    private void Store(IReadOnlyList<CommittedOffset> offsets)
    {
        foreach (var offset in offsets)
        {
            Remove(offset.Partition);
            _offsets.Add(offset.Partition, offset);
            Bytes += BytesOf(offset);
        }
    }

    private void Remove(TopicPartition partition)
    {
        if (_offsets.Remove(partition, out var old))
        {
            Bytes -= BytesOf(old);
        }

        Invariant.Check(Bytes >= 0 && (Count > 0 || Bytes == 0), "no offsets take no bytes");
    }
}
