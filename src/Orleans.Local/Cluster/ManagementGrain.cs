using Orleans.Activations;
using Orleans.Runtime;

namespace Orleans.Cluster;

internal sealed class ManagementGrain(Silo silo) : Grain, IManagementGrain
{
    private IEnumerable<Activation> Activations => silo.Cluster.Silos.SelectMany(member => member.Activations);

    public Task<Dictionary<SiloAddress, SiloStatus>> GetHosts(bool onlyActive = false) =>
        Task.FromResult(silo.Cluster.Silos
            .Where(member => !onlyActive || member.Status == SiloStatus.Active)
            .ToDictionary(member => member.Address, member => member.Status));

    public Task ForceActivationCollection(TimeSpan ageLimit) =>
        Task.WhenAll(silo.Cluster.ActiveSilos().Select(member => member.CollectAsync(ageLimit)));

    public Task<int> GetTotalActivationCount() => Task.FromResult(Activations.Count());

    public ValueTask<SiloAddress> GetActivationAddress(IAddressable reference) =>
        new(silo.Cluster.Find(reference.GetGrainId())?.Silo.Address!);

    public ValueTask<List<GrainId>> GetActiveGrains(GrainType type) =>
        new([.. Activations.Where(activation => activation.GrainId.Type == type).Select(activation => activation.GrainId)]);
}
