using Loire.Model.Batches;

namespace Loire.Coordination.Producers;

/// <summary>Tells which batches of a part of a log belong to aborted transactions. Immutable, for use on any thread.</summary>
public sealed class AbortedLookup
{
    private readonly Dictionary<long, List<AbortedSpan>> _spans = [];

    /// <summary>Looks in some spans.</summary>
    public AbortedLookup(IEnumerable<AbortedSpan> spans)
    {
        foreach (var span in spans)
        {
            if (!_spans.TryGetValue(span.Producer, out var ofProducer))
            {
                _spans.Add(span.Producer, ofProducer = []);
            }

            ofProducer.Add(span);
        }
    }

    /// <summary>Nothing was aborted.</summary>
    public static AbortedLookup None { get; } = new([]);

    /// <summary>Whether a batch, which is no marker, belongs to an aborted transaction.</summary>
    public bool Covers(RecordBatch batch)
    {
        if (_spans.Count == 0 || !batch.IsTransactional || !_spans.TryGetValue(batch.ProducerId, out var spans))
        {
            return false;
        }

        // Transactions of one producer follow each other.
        var (low, high) = (0, spans.Count);
        while (low < high)
        {
            var middle = (low + high) / 2;
            (low, high) = spans[middle].MarkerOffset < batch.BaseOffset ? (middle + 1, high) : (low, middle);
        }

        return low < spans.Count && spans[low].Covers(batch.ProducerId, batch.BaseOffset);
    }
}
