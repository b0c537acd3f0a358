using Microsoft.Extensions.DependencyInjection;
using Orleans.Activations;
using Orleans.Calls;
using Orleans.Runtime;
using Orleans.Runtime.Placement;

namespace Orleans.Cluster;

/// <summary>Chooses the silo of a new activation, as seen from one silo.</summary>
internal sealed class PlacementService(Silo local) : IPlacementContext
{
    public SiloAddress LocalSilo => local.Address;

    public SiloStatus LocalSiloStatus => local.Status;

    // All silos of a process have all classes.
    public SiloAddress[] GetCompatibleSilos(PlacementTarget target) =>
        Addresses() is { Length: > 0 } silos ? silos : throw NoSilo();

    public ValueTask<Silo> PlaceAsync(GrainClass grainClass, Call call)
    {
        var hint = IPlacementDirector.GetPlacementHint(call.Context!, Addresses());
        if (grainClass.Placement == typeof(PreferLocalPlacement) && local.Status == SiloStatus.Active)
        {
            return new ValueTask<Silo>(local);
        }

        if (grainClass.Placement == typeof(RandomPlacement) || grainClass.Placement == typeof(PreferLocalPlacement))
        {
            return new ValueTask<Silo>((hint is null ? null : Find(hint)) ?? local.Cluster.AnyActiveSilo() ?? throw NoSilo());
        }

        return new ValueTask<Silo>(PlaceByDirectorAsync(grainClass, call));
    }

    private static SiloUnavailableException NoSilo() => new("No silo of the cluster is active.");

    private async Task<Silo> PlaceByDirectorAsync(GrainClass grainClass, Call call)
    {
        var strategy = local.Services.GetKeyedService<PlacementStrategy>(grainClass.Placement.Name);
        var director = local.Services.GetKeyedService<IPlacementDirector>(grainClass.Placement);
        if (strategy is null || director is null)
        {
            throw new OrleansException($"No director is registered for {grainClass.Placement}, the placement of {grainClass.FullName}.");
        }

        // Neither in the caller's turn nor with its async locals.
        Task<SiloAddress> choosing;
        using (ExecutionContext.SuppressFlow())
        {
            choosing = Task.Run(() => director.OnAddActivation(strategy, new PlacementTarget(call.Target.GrainId, call.Context), this));
        }

        var chosen = await choosing;
        return Find(chosen) ?? throw new SiloUnavailableException($"{call} was not sent: {chosen}, chosen for it, is not active.");
    }

    private SiloAddress[] Addresses() => [.. local.Cluster.ActiveSilos().Select(silo => silo.Address)];

    private Silo? Find(SiloAddress address) => local.Cluster.ActiveSilos().FirstOrDefault(silo => silo.Address.Equals(address));
}
