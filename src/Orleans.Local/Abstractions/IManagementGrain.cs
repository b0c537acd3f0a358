namespace Orleans.Runtime;

/// <summary>A look into the cluster. The key is 0.</summary>
public interface IManagementGrain : IGrainWithIntegerKey
{
    /// <summary>The silos and their states.</summary>
    Task<Dictionary<SiloAddress, SiloStatus>> GetHosts(bool onlyActive = false);

    /// <summary>Deactivates the activations of all silos that nothing used for a while.</summary>
    Task ForceActivationCollection(TimeSpan ageLimit);

    /// <summary>How many activations there are.</summary>
    Task<int> GetTotalActivationCount();

    /// <summary>Where a grain is active; null if it is not.</summary>
    ValueTask<SiloAddress> GetActivationAddress(IAddressable reference);

    /// <summary>The active grains of a type.</summary>
    ValueTask<List<GrainId>> GetActiveGrains(GrainType type);
}
