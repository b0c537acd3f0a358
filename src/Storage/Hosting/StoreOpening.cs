using Microsoft.Extensions.DependencyInjection;

namespace Loire.Storage.Hosting;

/// <summary>
/// Opens the store before the silo serves: a directory that is locked by another process, or that cannot be recovered, keeps the silo from
/// starting instead of failing the first request.
/// </summary>
internal sealed class StoreOpening(IServiceProvider services, string name) : ILifecycleParticipant<ISiloLifecycle>
{
    public void Participate(ISiloLifecycle observer) => observer.Subscribe(
        $"{nameof(FileGrainStorage)} {name}",
        ServiceLifecycleStage.RuntimeStorageServices,
        _ =>
        {
            services.GetRequiredKeyedService<FileGrainStorage>(name);
            return Task.CompletedTask;
        });
}
