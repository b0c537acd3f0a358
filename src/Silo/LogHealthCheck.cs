using Loire.Log.Chains;
using Microsoft.Extensions.Diagnostics.HealthChecks;

namespace Loire.Silo;

/// <summary>
/// Whether storage deletes what logs no longer use. If not, as with a container whose blobs are immutable or a credential without the right to
/// delete, records are still taken and served, but storage only grows: degraded. So it is, until the node starts again, once a catalog had to be
/// rebuilt: everything is served, but storage has lost data.
/// </summary>
internal sealed class LogHealthCheck(LogMetrics metrics) : IHealthCheck
{
    public Task<HealthCheckResult> CheckHealthAsync(HealthCheckContext context, CancellationToken cancellationToken = default) => Task.FromResult(
        metrics.LogsWithRefusedDeletions is > 0 and var logs
            ? HealthCheckResult.Degraded($"Storage refuses to delete unused objects of {logs} logs; it grows until it allows that again.")
            : metrics.RebuiltJournals is { Count: > 0 } journals
            ? HealthCheckResult.Degraded(
                $"Storage damaged or lost these journals, and they were rebuilt from its other objects: {string.Join(", ", journals.Order())}.")
            : HealthCheckResult.Healthy());
}
