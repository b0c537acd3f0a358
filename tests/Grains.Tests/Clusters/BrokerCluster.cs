using Loire.Grains.Brokers;
using Loire.Log;
using Microsoft.Extensions.DependencyInjection;
using Orleans.Storage;
using Orleans.TestingHost;

namespace Loire.Grains.Tests.Clusters;

/// <summary>Silos of one process that are the brokers 1, 2 and so on of a cluster over one store.</summary>
internal static class BrokerCluster
{
    /// <summary>Builds a cluster, which is still to be deployed.</summary>
    /// <param name="silos">How many silos it begins with.</param>
    /// <param name="store">The store.</param>
    /// <param name="configure">Changes the options of each broker.</param>
    /// <param name="also">Changes each silo.</param>
    public static InProcessTestCluster Build(
        short silos, IGrainStorage store, Action<BrokerOptions>? configure = null, Action<ISiloBuilder>? also = null)
    {
        var builder = new InProcessTestClusterBuilder(silos);
        builder.Options.ConfigureFileLogging = false;
        var brokers = 0;
        builder.ConfigureSilo((_, silo) =>
        {
            silo.Services.AddKeyedSingleton(LogStorage.ProviderName, store);
            silo.AddLoireGrains();
            var id = Interlocked.Increment(ref brokers);
            silo.AddLoireBroker(broker =>
            {
                broker.Id = id;
                broker.IsAlone = false;
                configure?.Invoke(broker);
            });
            also?.Invoke(silo);
        });
        return builder.Build();
    }
}
