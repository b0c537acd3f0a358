using Loire.Model;
using Loire.Model.Transactions;

namespace Loire.Grains.Interfaces.Partitions;

/// <summary>What a partition remembers of an idempotent producer.</summary>
/// <param name="Producer">The producer and its last epoch.</param>
/// <param name="LastSequence">The sequence of its last record; −1 if none of that epoch is remembered.</param>
/// <param name="LastAppend">When it appended last, by a broker's clock.</param>
/// <param name="TransactionStart">The offset of the first record of its open transaction; <see cref="Offset.None"/> if none is open.</param>
/// <param name="HasEnded">Whether a transaction of it has ended here.</param>
/// <param name="LastTimestamp">The greatest timestamp of its last batch, as Kafka describes producers; <see cref="LastAppend"/> if no batch of its epoch is
/// remembered. 0 from a process that does not say.</param>
[GenerateSerializer, Immutable, Alias("loire.ProducerDescription")]
public readonly record struct ProducerDescription(
    [property: Id(0)] ProducerIdentity Producer, [property: Id(1)] int LastSequence, [property: Id(2)] Timestamp LastAppend,
    [property: Id(3)] Offset TransactionStart, [property: Id(4)] bool HasEnded, [property: Id(5)] Timestamp LastTimestamp = default);

/// <summary>The producers of a partition.</summary>
/// <param name="Error"><see cref="ErrorCode.None"/>, or why they are unknown.</param>
/// <param name="Producers">Keyed ones (<see cref="KeyedProducer"/>) and then the others, of both the one first that appended the longest time ago.</param>
[GenerateSerializer, Immutable, Alias("loire.ProducersResult")]
public sealed record ProducersResult([property: Id(0)] ErrorCode Error, [property: Id(1)] ProducerDescription[] Producers);

/// <summary>Asks for the end of a transaction that is as it was described before all coordinators were asked for it.</summary>
/// <param name="Producer">The producer and the epoch of the transaction.</param>
/// <param name="TransactionStart">The offset of its first record; <see cref="ProducerDescription.TransactionStart"/>.</param>
/// <param name="LastSequence">The sequence of its last record; <see cref="ProducerDescription.LastSequence"/>.</param>
[GenerateSerializer, Immutable, Alias("loire.AbortHangingRequest")]
public sealed record AbortHangingRequest(
    [property: Id(0)] ProducerIdentity Producer, [property: Id(1)] Offset TransactionStart, [property: Id(2)] int LastSequence);
