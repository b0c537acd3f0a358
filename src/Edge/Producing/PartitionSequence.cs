using Loire.Model;
using Loire.Model.Transactions;

namespace Loire.Edge.Producing;

/// <summary>
/// How an idempotent producer stamps the batches of one partition. The partition accepts a batch that continues the last one, answers a repeated one with
/// its first answer, and refuses all else; so the sequence advances only with batches that are known to be stored.
/// <code>
///   Advance    the batches of an append are stored
///   (nothing)  they were refused: what is sent next takes their sequence
///   Raise      their fate is unknown and they are given up, or the partition has forgotten the producer: a higher epoch begins at 0, and fences what may
///              still be under way (KIP-360, but without a coordinator: an epoch has a meaning only within a partition)
///   Continue   a transactional producer gets its epochs from its coordinator, with each transaction; its sequences never begin anew within one
///   Renew      another producer has a higher epoch of the same id, or the epochs are used up: a new id is needed
/// </code>
/// Not thread-safe: it belongs to the only sender of its partition.
/// </summary>
internal sealed class PartitionSequence
{
    private TopicId? _topic;

    /// <summary>The stamp of the next batch; none while <see cref="NeedsId"/>.</summary>
    public BatchStamp Next { get; private set; } = BatchStamp.None;

    /// <summary>Whether there is no id to stamp batches with.</summary>
    public bool NeedsId => Next.IsNone;

    /// <summary>The id that must not be used again; −1 if there was none.</summary>
    public long SpentId { get; private set; } = -1;

    /// <summary>Begins with an id that this partition has never had.</summary>
    public void Begin(long id)
    {
        Invariant.Check(NeedsId && id != SpentId, "a partition gets each id once");
        Next = new BatchStamp(new ProducerIdentity(id, 0), 0);
    }

    /// <summary>Stamps the batches of a transaction: the first one of an epoch has the sequence 0.</summary>
    /// <param name="producer">The producer in the epoch of the transaction.</param>
    public void Continue(ProducerIdentity producer)
    {
        if (Next.Producer != producer)
        {
            Next = new BatchStamp(producer, 0, IsTransactional: true);
        }
    }

    /// <summary>The next batch follows those that are stored.</summary>
    /// <param name="records">How many records they have.</param>
    public void Advance(int records) => Next = Next.After(records);

    /// <summary>Begins anew with a higher epoch, or needs a new id after the highest.</summary>
    public void Raise()
    {
        if (Next.Producer.Epoch == short.MaxValue && !Next.IsTransactional)
        {
            Renew();
        }
        else if (!NeedsId && !Next.IsTransactional)
        {
            Next = new BatchStamp(Next.Producer with { Epoch = (short)(Next.Producer.Epoch + 1) }, 0);
        }
    }

    /// <summary>Needs a new id.</summary>
    public void Renew() => (SpentId, Next) = (NeedsId ? SpentId : Next.Producer.Id, BatchStamp.None);

    /// <summary>Sends to this creation of the topic from now on.</summary>
    /// <returns>Whether another was sent to before: what is in doubt there is no matter here.</returns>
    public bool Follow(TopicId topic)
    {
        if (_topic == topic)
        {
            return false;
        }

        var isAnother = _topic is not null;
        _topic = topic;
        if (isAnother)
        {
            Raise();
        }

        return isAnother;
    }
}
