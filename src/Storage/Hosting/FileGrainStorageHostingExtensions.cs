using System.Diagnostics.Metrics;
using Loire.Log;
using Loire.Storage;
using Loire.Storage.Hosting;
using Loire.Storage.Objects;
using Microsoft.Extensions.DependencyInjection;
using Microsoft.Extensions.Logging;
using Orleans.Storage;

namespace Orleans.Hosting;

/// <summary>Registers <see cref="FileGrainStorage"/> with a silo.</summary>
public static class FileGrainStorageHostingExtensions
{
    /// <summary>
    /// Opens a store with the silo under the provider name <paramref name="name"/>, with its <see cref="IObjectListing"/>, and disposes of
    /// it with the silo's services.
    /// </summary>
    public static ISiloBuilder AddFileGrainStorage(this ISiloBuilder builder, string name, Action<FileStoreOptions> configure)
    {
        builder.Services.AddMetrics();
        builder.Services.AddKeyedSingleton(name, (services, _) =>
        {
            var options = new FileStoreOptions { Directory = "" };
            configure(options);
            var time = services.GetService<TimeProvider>() ?? TimeProvider.System;
            var logger = services.GetRequiredService<ILogger<FileGrainStorage>>();
            var store = FileGrainStorage.OpenAsync(options, time, logger).GetAwaiter().GetResult();
            StoreMetrics.Publish(store, services.GetRequiredService<IMeterFactory>());
            return store;
        });
        builder.Services.AddKeyedSingleton<IGrainStorage>(name, (services, key) => services.GetRequiredKeyedService<FileGrainStorage>(key));
        builder.Services.AddKeyedSingleton<IObjectListing>(name, (services, key) => services.GetRequiredKeyedService<FileGrainStorage>(key));
        builder.Services.AddSingleton<ILifecycleParticipant<ISiloLifecycle>>(services => new StoreOpening(services, name));
        return builder;
    }

    /// <summary>
    /// Uses a store that the caller has opened and will dispose of, under the provider name <paramref name="name"/>; several silos may
    /// share one.
    /// </summary>
    public static ISiloBuilder AddFileGrainStorage(this ISiloBuilder builder, string name, FileGrainStorage store)
    {
        // Registered as instances: a container disposes of what its factories created, and this store belongs to the caller.
        builder.Services.AddKeyedSingleton(name, store);
        builder.Services.AddKeyedSingleton<IGrainStorage>(name, store);
        builder.Services.AddKeyedSingleton<IObjectListing>(name, store);
        return builder;
    }
}
