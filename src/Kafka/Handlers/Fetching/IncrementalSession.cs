using System.Diagnostics.CodeAnalysis;
using Loire.Model;

namespace Loire.Kafka.Handlers.Fetching;

/// <summary>
/// What a node remembers of a client that fetches the same partitions again and again (KIP-227): the client names what it wants differently, and is told what is new.
/// Partitions that had records go to the end of the line. Thread-safe.
/// </summary>
/// <param name="id">Its id, positive.</param>
/// <param name="isById">Whether topics are named by their ids.</param>
/// <param name="reads">Reads its partitions; null in tests.</param>
internal sealed class IncrementalSession(int id, bool isById, StandingReads? reads)
{
    private const int FirstEpoch = 1;

    private readonly Lock _lock = new();
    private readonly LinkedList<Entry> _line = [];
    private readonly Dictionary<NamedPartition, LinkedListNode<Entry>> _entries = [];
    private int _epoch = FirstEpoch;

    public int Id => id;

    /// <summary>Reads the session's partitions.</summary>
    public StandingReads? Reads => reads;

    /// <summary>Whether the client has gone on with the session after it had opened it.</summary>
    public bool IsUsed { get; private set; }

    /// <summary>When the session was last used, in units of <see cref="TimeProvider.GetTimestamp"/>.</summary>
    public long UsedAt { get; set; }

    /// <summary>
    /// Goes on with the session: with the partitions that it has then, in the order in which they are served. With an error nothing has changed.
    /// </summary>
    /// <param name="epoch">The epoch of the request, which counts the requests of the session.</param>
    /// <param name="byId">Whether the request names topics by their ids.</param>
    /// <param name="changed">What is wanted from now on, of partitions that are new or known.</param>
    /// <param name="forgotten">What is not wanted any more, even if it was changed by the same request.</param>
    /// <param name="wanted">All that is wanted now; empty if the session has come to its end.</param>
    public ErrorCode Continue(
        int epoch, bool byId, IReadOnlyList<WantedPartition> changed, IReadOnlyList<NamedPartition> forgotten, out IReadOnlyList<WantedPartition> wanted)
    {
        wanted = [];
        lock (_lock)
        {
            if (epoch != _epoch)
            {
                return ErrorCode.InvalidFetchSessionEpoch;
            }

            if (byId != isById)
            {
                return ErrorCode.FetchSessionTopicIdError;
            }

            Add(changed);
            foreach (var partition in forgotten)
            {
                if (_entries.Remove(partition, out var node))
                {
                    _line.Remove(node);
                }
            }

            (_epoch, IsUsed) = (EpochAfter(_epoch), true);
            wanted = [.. _line.Select(static entry => new WantedPartition(entry.Partition, entry.Position))];
            return ErrorCode.None;
        }
    }

    /// <summary>The epoch of the request after one; the epoch 0 opens sessions.</summary>
    public static int EpochAfter(int epoch) => epoch == int.MaxValue ? FirstEpoch : epoch + 1;

    /// <summary>Adds partitions at the end of the line, and changes those that are there.</summary>
    public void Add(IReadOnlyList<WantedPartition> wanted)
    {
        lock (_lock)
        {
            foreach (var (partition, position) in wanted)
            {
                if (_entries.TryGetValue(partition, out var known))
                {
                    known.Value.Position = position;
                }
                else
                {
                    _entries.Add(partition, _line.AddLast(new Entry(partition) { Position = position }));
                }
            }
        }
    }

    /// <summary>Notes that the client is told of a partition, whatever there is to tell: in the first answer.</summary>
    public void NoteTold(NamedPartition partition, PartitionRead read)
    {
        lock (_lock)
        {
            if (TryFind(partition, out var node))
            {
                node.Value.Tell(read);
            }
        }
    }

    /// <summary>Whether a later answer must say something of a partition; notes that it does.</summary>
    public bool TellIfNew(NamedPartition partition, PartitionRead read)
    {
        lock (_lock)
        {
            if (!TryFind(partition, out var node))
            {
                return false;
            }

            if (read.Bytes > 0)
            {
                _line.Remove(node);
                _line.AddLast(node);
            }

            return node.Value.Tell(read) || read.Bytes > 0 || read.Error != ErrorCode.None || read.Diverging is not null;
        }
    }

    private bool TryFind(NamedPartition partition, [NotNullWhen(true)] out LinkedListNode<Entry>? node) => _entries.TryGetValue(partition, out node);

    /// <summary>A partition, and the positions that the client knows; an error makes the client forget them.</summary>
    private sealed class Entry(NamedPartition partition)
    {
        private (Offset HighWatermark, Offset LogStart) _told = (Offset.None, Offset.None);

        public NamedPartition Partition => partition;

        public required ReadPosition Position { get; set; }

        public bool Tell(PartitionRead read)
        {
            var before = _told;
            _told = read.Bounds is { } bounds ? (bounds.HighWatermark, bounds.LogStart) : (Offset.None, Offset.None);
            return _told != before;
        }
    }
}
