using Loire.Model.Transactions;

namespace Loire.Grains.Interfaces.Transactions;

/// <summary>Gives ids to idempotent producers that have no transactional id. Stateless; the key is <see cref="Key"/>.</summary>
[Alias("loire.IProducerIdGrain")]
public interface IProducerIdGrain : IGrainWithStringKey
{
    /// <summary>The key of the only grain.</summary>
    const string Key = "default";

    /// <summary>Gives an id that no producer of the cluster has had, with epoch 0.</summary>
    [ResponseTimeout("00:00:10")]
    [Alias("Next")]
    ValueTask<ProducerIdResult> Next();
}

/// <summary>A new producer.</summary>
/// <param name="Error"><see cref="ErrorCode.None"/>; retriable errors of the cluster.</param>
/// <param name="Producer">The producer; <see cref="ProducerIdentity.None"/> with an error.</param>
[GenerateSerializer, Immutable, Alias("loire.ProducerIdResult")]
public sealed record ProducerIdResult([property: Id(0)] ErrorCode Error, [property: Id(1)] ProducerIdentity Producer);
