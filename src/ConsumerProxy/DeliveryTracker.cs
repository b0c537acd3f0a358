using System.Globalization;
using Loire.Client;
using Loire.Model;

namespace Loire.ConsumerProxy;

/// <summary>
/// Tracks what was delivered to the client and how much of it is finished, which are not the same. It decides and waits for nothing. Each
/// delivery has a number; a receipt names the number and this life of the consumer, and says that everything up to it arrived.
/// </summary>
/// <param name="life">Tells the receipts of this life of the consumer from those of others.</param>
/// <param name="maxPortions">How many portions are tracked separately. Beyond it older ones are joined, which makes receipts coarser but
/// never wrong: a joined portion counts as received only with its last record.</param>
internal sealed class DeliveryTracker(string life, int maxPortions = 4096)
{
    private readonly Dictionary<TopicPartition, Place> _places = [];
    private List<Portion> _portions = [];
    private long _last;

    /// <summary>Names the last delivery and all before it.</summary>
    public string Receipt => string.Create(CultureInfo.InvariantCulture, $"{life}-{_last}");

    /// <summary>Starts reading a partition at a position, which needs no commit itself.</summary>
    public void Begin(TopicPartition partition, Offset position)
    {
        _portions.RemoveAll(portion => portion.Partition == partition);
        _places[partition] = new Place(position, position);
    }

    /// <summary>Records a seek: what was delivered before counts as finished, and the new position is committed next.</summary>
    public void Move(TopicPartition partition, Offset position)
    {
        _portions.RemoveAll(portion => portion.Partition == partition);
        _places[partition] = new Place(position, _places.TryGetValue(partition, out var place) ? place.Committed : Offset.None);
    }

    /// <summary>Stops reading partitions.</summary>
    public void End(IReadOnlyCollection<TopicPartition> partitions)
    {
        _portions.RemoveAll(portion => partitions.Contains(portion.Partition));
        foreach (var partition in partitions)
        {
            _places.Remove(partition);
        }
    }

    /// <summary>Begins a delivery.</summary>
    public void Open() => _last++;

    /// <summary>Adds records of a partition to the current delivery.</summary>
    /// <param name="partition">The partition.</param>
    /// <param name="from">The first offset.</param>
    /// <param name="next">The one after the last.</param>
    public void Add(TopicPartition partition, Offset from, Offset next)
    {
        _places.TryAdd(partition, new Place(from, Offset.None));
        _portions.Add(new Portion(_last, partition, from, next));
        if (_portions.Count > maxPortions)
        {
            Join();
        }
    }

    /// <summary>Marks everything that was delivered as finished.</summary>
    public void FinishAll() => FinishUpTo(_last);

    /// <summary>Marks what a receipt names as finished; what was delivered after it was lost on the way.</summary>
    /// <returns>The positions to go back to, each to be confirmed by <see cref="WentBack"/>. A receipt of another life finishes
    /// nothing.</returns>
    public IReadOnlyList<(TopicPartition Partition, Offset From)> FinishUpTo(string receipt)
    {
        var dash = receipt.LastIndexOf('-');
        var isOurs = dash > 0 && receipt.AsSpan(0, dash).SequenceEqual(life);
        var isNumber = long.TryParse(receipt.AsSpan(dash + 1), NumberStyles.None, CultureInfo.InvariantCulture, out var known);
        var number = isOurs && isNumber ? known : 0;
        FinishUpTo(Math.Min(number, _last));
        return [.. _portions.GroupBy(portion => portion.Partition, (partition, some) => (partition, some.Min(portion => portion.From)))];
    }

    /// <summary>Forgets what was lost of a partition, because it will be delivered again.</summary>
    public void WentBack(TopicPartition partition) => _portions.RemoveAll(portion => portion.Partition == partition);

    /// <summary>Records a commit by the client: what is before the offset is finished.</summary>
    public void Commit(TopicPartition partition, Offset offset)
    {
        if (!_places.ContainsKey(partition))
        {
            return;
        }

        _places[partition] = new Place(offset, offset);
        _portions = [.. _portions
            .Where(portion => portion.Partition != partition || portion.Next > offset)
            .Select(portion => portion.Partition == partition && portion.From < offset ? portion with { From = offset } : portion)];
    }

    /// <summary>Records an automatic commit of a finished offset.</summary>
    public void Committed(TopicPartition partition, Offset offset)
    {
        if (_places.TryGetValue(partition, out var place))
        {
            _places[partition] = place with { Committed = offset };
        }
    }

    /// <summary>The offsets that are finished and not committed.</summary>
    /// <param name="among">Of these partitions; null for all.</param>
    public IReadOnlyList<TopicPartitionOffset> Uncommitted(IReadOnlyCollection<TopicPartition>? among = null) =>
    [
        .. _places.Where(one => one.Value.Finished != one.Value.Committed && among?.Contains(one.Key) != false)
            .OrderBy(one => one.Key)
            .Select(one => new TopicPartitionOffset(one.Key, one.Value.Finished)),
    ];

    /// <summary>Whether the client has unfinished records of these partitions.</summary>
    public bool HasUnfinished(IReadOnlyCollection<TopicPartition> among) => _portions.Exists(portion => among.Contains(portion.Partition));

    private void FinishUpTo(long number)
    {
        foreach (var portion in _portions.Where(portion => portion.Number <= number))
        {
            _places[portion.Partition] = _places[portion.Partition] with { Finished = portion.Next };
        }

        _portions.RemoveAll(portion => portion.Number <= number);
    }

    private void Join()
    {
        var older = _portions.Count / 2;
        var joined = _portions.Take(older).GroupBy(
            portion => portion.Partition,
            (partition, some) => some.Aggregate((one, next) => new Portion(next.Number, partition, one.From, next.Next)));
        _portions = [.. joined.OrderBy(portion => portion.Number), .. _portions.Skip(older)];
    }

    private readonly record struct Place(Offset Finished, Offset Committed);

    private readonly record struct Portion(long Number, TopicPartition Partition, Offset From, Offset Next);
}
