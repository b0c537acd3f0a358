using Loire.Storage;
using Loire.Storage.Objects;
using Microsoft.Extensions.Diagnostics.HealthChecks;

namespace Loire.Silo;

/// <summary>
/// Whether the file store accepts writes. A full store is degraded, not unhealthy: it serves reads and recovers when space is freed.
/// </summary>
internal sealed class StoreHealthCheck(FileGrainStorage store) : IHealthCheck
{
    public Task<HealthCheckResult> CheckHealthAsync(HealthCheckContext context, CancellationToken cancellationToken = default)
    {
        var health = store.Health;
        return Task.FromResult(health.Condition switch
        {
            StoreCondition.Broken => HealthCheckResult.Unhealthy(health.Reason),
            StoreCondition.Full => HealthCheckResult.Degraded(health.Reason),
            _ when health.HasUnknownLosses => HealthCheckResult.Degraded(
                "Damage has lost records of unknown keys: objects without a later record, new ones included, are refused until the store is repaired (store repair)."),
            _ when health.DamagedObjects > 0 => HealthCheckResult.Degraded($"{health.DamagedObjects} stored objects are damaged; the rest is served."),
            _ => HealthCheckResult.Healthy(),
        });
    }
}
