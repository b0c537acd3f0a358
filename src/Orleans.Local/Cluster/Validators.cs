using Microsoft.Extensions.Options;
using Orleans.Configuration;
using Orleans.Runtime;

namespace Orleans.Cluster;

/// <summary>Checks that a silo knows its cluster.</summary>
internal sealed class ClusteringValidator(IOptions<LocalClusteringOptions> clustering, IOptions<ClusterOptions> cluster)
    : IConfigurationValidator
{
    public void ValidateConfiguration()
    {
        if (!clustering.Value.IsConfigured)
        {
            throw new OrleansConfigurationException("The silo does not know how to find its cluster; call UseLocalhostClustering.");
        }

        if (string.IsNullOrWhiteSpace(cluster.Value.ClusterId) || string.IsNullOrWhiteSpace(cluster.Value.ServiceId))
        {
            throw new OrleansConfigurationException("ClusterOptions need a ClusterId and a ServiceId.");
        }
    }
}

/// <summary>Checks that an activation is not collected before a collection can have seen it idle.</summary>
internal sealed class GrainCollectionValidator(IOptions<GrainCollectionOptions> options) : IConfigurationValidator
{
    public void ValidateConfiguration()
    {
        var quantum = options.Value.CollectionQuantum;
        if (quantum <= TimeSpan.Zero)
        {
            throw new OrleansConfigurationException($"CollectionQuantum is {quantum}; it must be more than zero.");
        }

        foreach (var age in options.Value.ClassSpecificCollectionAge.Values.Append(options.Value.CollectionAge))
        {
            if (age <= quantum)
            {
                throw new OrleansConfigurationException(
                    $"A collection age is {age}; it must be more than the CollectionQuantum, which is {quantum}.");
            }
        }
    }
}
