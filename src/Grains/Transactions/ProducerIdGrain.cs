using Loire.Grains.Interfaces.Transactions;
using Loire.Model.Transactions;
using Orleans.Concurrency;

namespace Loire.Grains.Transactions;

/// <summary>The shell of a silo's <see cref="ProducerIds"/>. Reentrant, so that calls share the fetch of a block.</summary>
[StatelessWorker(maxLocalWorkers: 1)]
[Reentrant]
[GrainType("loire.producer-ids")]
public sealed class ProducerIdGrain(IProducerIds ids) : Grain, IProducerIdGrain
{
    /// <inheritdoc/>
    public async ValueTask<ProducerIdResult> Next()
    {
        var (error, id) = await ids.NextAsync();
        return new ProducerIdResult(error, error == ErrorCode.None ? new ProducerIdentity(id, 0) : ProducerIdentity.None);
    }
}
