using Microsoft.Extensions.DependencyInjection;
using Microsoft.Extensions.Options;
using Orleans.Configuration;
using Orleans.Runtime.Hosting;
using Orleans.Storage;

namespace Orleans.Hosting;

/// <summary>Registers grain storage in Azure Blob Storage.</summary>
public static class AzureBlobSiloBuilderExtensions
{
    /// <summary>Keeps the states of the storage provider <paramref name="name"/> in blobs.</summary>
    public static ISiloBuilder AddAzureBlobGrainStorage(this ISiloBuilder builder, string name, Action<AzureBlobStorageOptions> configureOptions)
    {
        builder.Services.Configure(name, configureOptions);
        builder.Services.AddTransient<IConfigurationValidator>(services =>
            new AzureBlobStorageOptionsValidator(services.GetRequiredService<IOptionsMonitor<AzureBlobStorageOptions>>().Get(name), name));
        builder.Services.AddGrainStorage(name, static (services, name) =>
        {
            var options = services.GetRequiredService<IOptionsMonitor<AzureBlobStorageOptions>>().Get(name);
            options.GrainStorageSerializer ??= services.GetKeyedService<IGrainStorageSerializer>(name) ?? services.GetRequiredService<IGrainStorageSerializer>();
            return new AzureBlobGrainStorage(name, options);
        });
        return builder;
    }
}
