using Loire.Model;
using Loire.Model.Transactions;

namespace Loire.Client.Hosting;

/// <summary>What happens when another instance has taken over the transactional id.</summary>
public enum FencedPolicy
{
    /// <summary>The handler stops, and the health check reports it until the host restarts: most likely this instance was replaced.</summary>
    StopHandler,

    /// <summary>The host stops.</summary>
    StopHost,

    /// <summary>
    /// The handler begins again with a new producer, which fences the other one in turn. Two instances with one name then take turns in aborting each other's
    /// transactions; records still count once.
    /// </summary>
    Restart,
}

/// <summary>How a hosted handler consumes, transforms, produces and commits in transactions, and what happens to records that fail.</summary>
public abstract class ExactlyOnceOptions : RecordHandlingOptions
{
    private protected ExactlyOnceOptions()
    {
    }

    /// <summary>
    /// The name of this instance of the service: the same after each restart, and different for instances that run at the same time, such as the name of a pod of
    /// a stateful set. Required. The transactional id is <see cref="RecordHandlingOptions.GroupId"/>, <see cref="RecordHandlingOptions.Name"/> and this name,
    /// separated by dots: an instance that begins aborts what the one before has left open.
    /// </summary>
    public string InstanceName { get; set; } = "";

    /// <summary>What happens when another instance with the same name has begun. By default this one stops.</summary>
    public FencedPolicy OnFenced { get; set; } = FencedPolicy.StopHandler;

    /// <summary>The transactional id.</summary>
    internal TransactionalId TransactionalId => $"{GroupId}.{Name}.{InstanceName}";

    /// <summary>How long a transaction may be open before no further record is added to it: the rest of its timeout is for its commit.</summary>
    internal TimeSpan TransactionSpan => Writing.TransactionTimeout / 2;

    private protected abstract ProducerOptions Writing { get; }

    /// <summary>The options of the underlying producer of bytes; records are serialized beside the handler.</summary>
    internal ProducerOptions<byte[], byte[]> RawProducer() => new()
    {
        ClientId = Name,
        TransactionalId = TransactionalId,
        Linger = Writing.Linger,
        BatchSize = Writing.BatchSize,
        BufferMemory = Writing.BufferMemory,
        MaxBlock = Writing.MaxBlock,
        MaxRecordBytes = Writing.MaxRecordBytes,
        Compression = Writing.Compression,
        Retries = Writing.Retries,
        DeliveryTimeout = Writing.DeliveryTimeout,
        RequestTimeout = Writing.RequestTimeout,
        RetryBackoff = Writing.RetryBackoff,
        RetryBackoffMax = Writing.RetryBackoffMax,
        TransactionTimeout = Writing.TransactionTimeout,
        MetadataMaxAge = Writing.MetadataMaxAge,
    };

    internal override void Validate()
    {
        base.Validate();
        if (GroupId is null || string.IsNullOrEmpty(InstanceName))
        {
            throw new ArgumentException("Processing exactly once needs a GroupId, and an InstanceName that is the same after each restart of this instance.");
        }

        if (Writing is not { TransactionalId: null, Acks: Acks.All, EnableIdempotence: null or true, Partitioner: null })
        {
            throw new ArgumentException(
                "The producer of an exactly-once handler has a transactional id derived from the group and the instance's name, all acknowledgements, and the default partitioner.");
        }

        // An id that is too long is refused here, too.
        RawProducer();
    }
}

/// <summary>The options of an exactly-once handler with the deserializers and serializers of its types.</summary>
/// <typeparam name="TKey">The type of keys read.</typeparam>
/// <typeparam name="TValue">The type of values read.</typeparam>
/// <typeparam name="TNewKey">The type of keys written.</typeparam>
/// <typeparam name="TNewValue">The type of values written.</typeparam>
public sealed class ExactlyOnceOptions<TKey, TValue, TNewKey, TNewValue> : ExactlyOnceOptions
{
    /// <summary>Deserializes keys; null for the built-in deserializer.</summary>
    public IDeserializer<TKey>? KeyDeserializer { get; set; }

    /// <summary>Deserializes values; null for the built-in deserializer.</summary>
    public IDeserializer<TValue>? ValueDeserializer { get; set; }

    /// <summary>
    /// The serializers, and how records are written. The transactional id, the acknowledgements and the partitioner are not to be set here: a handler that needs
    /// another partition than that of the key names it.
    /// </summary>
    public ProducerOptions<TNewKey, TNewValue> Producer { get; } = new();

    private protected override ProducerOptions Writing => Producer;
}
